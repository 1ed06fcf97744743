#include "drivers/mux/side_switch.hpp"

namespace assay::drivers {

namespace {

using abilities::Health;
using abilities::Order;

// A glitch on the bus is over by then; a device that is gone or broken is not.
constexpr int tries = 3;

class MuxDevice final : public abilities::Device, private abilities::Mux {
 public:
  explicit MuxDevice(std::unique_ptr<SideSwitch> contact) : contact_(std::move(contact)) {}

  abilities::Mux* mux() override { return this; }

  Result<Health> check(std::string_view, const Order& order) override {
    const auto now = TRY(side(order));
    if (!now) return Health::unproven;
    if (*now == ordered_.value_or(*now)) return Health::proven;
    return tl::unexpected(differs(*ordered_));
  }
  std::string about(std::string_view) const override { return contact_->about(); }
  void poll_fds(std::vector<pollfd>&, bool) override {}
  void on_ready(std::span<const pollfd>) override {}

 private:
  using Side = abilities::Mux::Side;

  Result<> to(const Order& order, Side side) override {
    ordered_.reset();  // until it is known to have happened
    TRY(again([&] { return switch_once(side, order.wait); }, order.wait));
    ordered_ = side;
    return {};
  }

  Result<std::optional<Side>> side(const Order& order) override {
    std::optional<Side> now;
    TRY(again(
        [&]() -> Result<> {
          now = TRY(contact_->get(order.wait));
          return {};
        },
        order.wait));
    return now;
  }

  Result<> switch_once(Side side, const Wait& wait) {
    TRY(contact_->set(side, wait));
    const auto now = TRY(contact_->get(wait));
    if (!now || *now == side) return {};
    return tl::unexpected(differs(side));
  }

  template <class Ask>
  Result<> again(const Ask& ask, const Wait& wait) {
    for (int left = tries - 1;; --left) {
      Result<> done = ask();
      if (done || left == 0 || done.error().cause != Cause::device || wait.until.passed() ||
          wait.stop.stop_requested())
        return done;
    }
  }

  [[nodiscard]] Error differs(Side ordered) const {
    const auto other = ordered == Side::host ? Side::dut : Side::host;
    return {Cause::device, fmt::format("{}: was switched to {}, but it reads back as {}",
                                       contact_->about(), word(ordered), word(other))};
  }

  std::unique_ptr<SideSwitch> contact_;
  std::optional<Side> ordered_;
};

}  // namespace

std::unique_ptr<abilities::Device> make_mux_device(std::unique_ptr<SideSwitch> contact) {
  return std::make_unique<MuxDevice>(std::move(contact));
}

}  // namespace assay::drivers
