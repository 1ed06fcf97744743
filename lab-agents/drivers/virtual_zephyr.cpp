// The driver `virtual-zephyr`: an emulated board with all its abilities at once.
#include "drivers/console_feed.hpp"
#include "drivers/kinds.hpp"
#include "images/load.hpp"
#include "virtual/zephyr_machine.hpp"

namespace assay::drivers {

namespace {

using abilities::Order;
using virt::ZephyrMachine;

class VirtualZephyr final : public abilities::Device,
                            private abilities::Power,
                            private abilities::Reset,
                            private abilities::Flash,
                            private abilities::Console {
 public:
  static Made make(const DriverSetup& setup) {
    auto driver = std::make_unique<VirtualZephyr>();
    virt::ZephyrSetup machine{
        .state_folder = setup.state_folder,
        .on_console = [feed = &driver->feed_](BootTime at,
                                              ByteView bytes) { feed->push(at, bytes); },
        .on_incident = setup.on_incident};
    driver->machine_ = TRY(ZephyrMachine::open(std::move(machine)));
    return driver;
  }

  abilities::Power* power() override { return this; }
  abilities::Reset* reset() override { return this; }
  abilities::Flash* flash() override { return this; }
  abilities::Console* console() override { return this; }

  Result<abilities::Health> check(std::string_view ability, const Order& order) override {
    if (ability == "console") {
      TRY(machine_->check_console());
    } else if (ability == "flash") {
      TRY(machine_->check_flash(order.wait));
    } else {
      TRY(machine_->check_power(order.wait));
    }
    return abilities::Health::proven;
  }
  void poll_fds(std::vector<pollfd>& fds, bool console_full) override {
    machine_->poll_fds(fds, console_full);
  }
  void on_ready(std::span<const pollfd> fds) override { machine_->on_ready(fds); }

 private:
  Result<> on(const Order& order) override { return machine_->on(order.wait); }
  Result<> off(const Order&) override { return machine_->off(); }
  Result<std::optional<bool>> is_on(const Order&) override { return machine_->is_on(); }

  Result<> pulse(const Order& order) override { return machine_->reset(order.wait); }

  Result<> write(const Order& order, const abilities::FlashJob& job) override {
    const auto segments = TRY(images::load(job.file, job.address));
    const auto size = segments.size();
    order.tell({"writing", 0, size});
    TRY(machine_->write_flash(segments,
                              {.chip = job.erase_chip, .from = job.address, .size = job.erase_size},
                              order.wait));
    order.tell({"writing", size, size});
    return {};
  }
  Result<std::optional<Bytes>> read(const Order& order, std::uint64_t address,
                                    std::uint64_t size) override {
    return TRY(machine_->read_flash(address, size, order.wait));
  }

  void listen(Sink sink) override { feed_.listen(std::move(sink)); }
  Result<> write(const Order& order, ByteView bytes) override {
    return machine_->write_console(bytes, order.wait);
  }

  ConsoleFeed feed_;
  std::unique_ptr<ZephyrMachine> machine_;
};

}  // namespace

Made make_virtual_zephyr(const DriverSetup& setup, const Json& params) {
  TRY(only_keys(params, {}));
  return VirtualZephyr::make(setup);
}

}  // namespace assay::drivers
