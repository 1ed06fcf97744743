// assay-host: a device host, or with --launcher the launcher of all of them.
#include "drivers/driver.hpp"
#include "hosts/hosted_device.hpp"

namespace {

using namespace assay;

// A driver as the host serves it.
class DriverDevice final : public hosts::HostedDevice {
 public:
  explicit DriverDevice(std::unique_ptr<drivers::Driver> driver) : driver_(std::move(driver)) {}
  abilities::Power* power() override { return driver_->power(); }
  abilities::Reset* reset() override { return driver_->reset(); }
  abilities::Flash* flash() override { return driver_->flash(); }
  abilities::Console* console() override { return driver_->console(); }
  Result<> check(std::string_view ability, const abilities::Order& order) override {
    return driver_->check(ability, order);
  }
  void poll_fds(std::vector<pollfd>& fds, bool console_full) override {
    driver_->poll_fds(fds, console_full);
  }
  void on_ready(std::span<const pollfd> fds) override { driver_->on_ready(fds); }

 private:
  std::unique_ptr<drivers::Driver> driver_;
};

Result<std::unique_ptr<hosts::HostedDevice>> make(const hosts::Configure& c,
                                                  hosts::IncidentSink on_incident) {
  auto driver = TRY(drivers::make_driver({.kind = c.driver,
                                          .params_json = c.params_json,
                                          .state_folder = c.state_folder,
                                          .on_incident = std::move(on_incident)}));
  return std::make_unique<DriverDevice>(std::move(driver));
}

}  // namespace

int main(int argc, char** argv) {
  return assay::hosts::host_main(argc, argv, make);
}
