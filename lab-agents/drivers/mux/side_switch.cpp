#include "drivers/mux/side_switch.hpp"

#include "drivers/tries.hpp"

namespace assay::drivers {

namespace {

using abilities::Health;
using abilities::Order;

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
    TRY(try_again([&] { return switch_once(side, order.wait); }, order.wait));
    ordered_ = side;
    return {};
  }

  Result<std::optional<Side>> side(const Order& order) override {
    std::optional<Side> now;
    TRY(try_again(
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
