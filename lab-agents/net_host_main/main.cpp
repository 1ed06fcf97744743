// assay-host-net: a device host for drivers that talk to switches on networks.
#include "drivers_net/kinds.hpp"
#include "hosts/host_program.hpp"

int main(int argc, char** argv) {
  using namespace assay;
  return hosts::host_main(argc, argv,
                          [](const hosts::Configure& c, abilities::IncidentSink on_incident) {
                            return drivers::make_driver({.kind = c.driver,
                                                         .params_json = c.params_json,
                                                         .state_folder = c.state_folder,
                                                         .on_incident = std::move(on_incident)},
                                                        drivers::network_kinds());
                          });
}
