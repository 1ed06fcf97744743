#include "drivers/power/switch.hpp"

#include "base/fd.hpp"
#include "drivers/presence.hpp"
#include "drivers/tries.hpp"

namespace assay::drivers {

namespace {

using abilities::Health;
using abilities::Order;

constexpr Duration looking = std::chrono::seconds(2);

class SwitchDevice final : public abilities::Device, private abilities::Power {
 public:
  SwitchDevice(std::unique_ptr<Switch> contact, bool invert, Duration settle,
               abilities::IncidentSink sink)
      : contact_(std::move(contact)),
        invert_(invert),
        settle_(settle),
        presence_(
            [this] {
              return contact_->look({Deadline::after(looking), {}});
            },
            abilities::Incident::Kind::gone, contact_->is_plugged() ? std::move(sink) : nullptr) {}

  abilities::Power* power() override { return this; }

  Result<Health> check(std::string_view, const Order& order) override {
    const auto now = TRY(read(order.wait));
    if (!now) return Health::unproven;
    if (*now == ordered_.value_or(*now)) return Health::proven;
    return differs(*ordered_);
  }
  std::string about(std::string_view) const override { return contact_->about(); }
  Result<> revive(const Order& order) override { return contact_->revive(order.wait); }
  void poll_fds(std::vector<pollfd>& fds, bool) override { presence_.poll_fds(fds); }
  void on_ready(std::span<const pollfd> fds) override { presence_.on_ready(fds); }

 private:
  Result<> on(const Order& order) override { return switch_to(true, order.wait); }
  Result<> off(const Order& order) override { return switch_to(false, order.wait); }
  Result<std::optional<bool>> is_on(const Order& order) override { return read(order.wait); }

  Result<> switch_to(bool to, const Wait& wait) {
    ordered_.reset();  // until it is known to have happened
    TRY(try_again([&] { return switch_once(to, wait); }, wait));
    ordered_ = to;
    return settle(wait);
  }

  Result<> switch_once(bool to, const Wait& wait) {
    TRY(contact_->set(to != invert_, wait));
    const auto now = TRY(contact_->get(wait));
    if (!now || (*now != invert_) == to) return {};
    return tl::unexpected(differs(to).error());
  }

  Result<std::optional<bool>> read(const Wait& wait) {
    std::optional<bool> now;
    TRY(try_again(
        [&]() -> Result<> {
          now = TRY(contact_->get(wait));
          return {};
        },
        wait));
    if (now) now = *now != invert_;
    return now;
  }

  Result<> settle(const Wait& wait) const {
    if (settle_ == Duration::zero()) return {};
    const auto waited = wait_ready({}, wait.at_most(settle_));
    if (waited.error().cause == Cause::timeout && !wait.until.passed()) return {};
    return waited;
  }

  Result<Health> differs(bool ordered) const {
    const auto word = [](bool on) { return on ? "on" : "off"; };
    return fail(Cause::device, "{}: power was switched {}, but it reads back as {}",
                contact_->about(), word(ordered), word(!ordered));
  }

  std::unique_ptr<Switch> contact_;
  const bool invert_;
  const Duration settle_;
  std::optional<bool> ordered_;
  Presence presence_;
};

}  // namespace

Made make_switch_device(std::unique_ptr<Switch> contact, const DriverSetup& setup,
                        const Json& params) {
  const bool invert = TRY(flag_param(params, "invert"));
  const auto settle = TRY(number_param(params, "settle_ms", 0));
  if (settle < 0 || settle > 60'000) return fail(Cause::invalid, "'settle' must be from 0s to 60s");
  return std::make_unique<SwitchDevice>(std::move(contact), invert,
                                        std::chrono::milliseconds(settle), setup.on_incident);
}

}  // namespace assay::drivers
