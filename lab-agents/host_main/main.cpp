// assay-host: a device host, or with --launcher the launcher of all of them; also
// the commands of assay-agent that need the device libraries.
#include "drivers/driver.hpp"
#include "hosts/host_program.hpp"
#include "scan/command.hpp"

int main(int argc, char** argv) {
  using namespace assay;
  if (const auto status = scan::run_command(argc, argv)) return *status;
  return hosts::host_main(argc, argv,
                          [](const hosts::Configure& c, abilities::IncidentSink on_incident) {
                            return drivers::make_driver({.kind = c.driver,
                                                         .params_json = c.params_json,
                                                         .state_folder = c.state_folder,
                                                         .on_incident = std::move(on_incident)});
                          });
}
