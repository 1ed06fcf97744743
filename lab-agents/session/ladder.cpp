#include "session/ladder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>

#include "base/fd.hpp"

namespace assay::session {

namespace {

using abilities::Health;
using abilities::Incident;
using plans::Rung;

constexpr Duration safe_state_time = std::chrono::seconds(10);
constexpr Duration check_time = std::chrono::seconds(10);
constexpr Duration flash_time = std::chrono::seconds(120);
constexpr Duration disk_time = std::chrono::minutes(30);
// What a hub and all that hangs on it lose their charge in, and are found again in.
constexpr Duration hub_off_time = std::chrono::seconds(2);
constexpr Duration hub_back_time = std::chrono::seconds(15);

std::string_view words(Rung rung) {
  constexpr std::array all = {"probe reset", "power cycle", "hub port cycle",
                              "golden image written"};
  return all.at(static_cast<std::size_t>(rung));
}

Result<> pause(Duration time, const std::stop_token& stop) {
  const auto waited = wait_ready({}, {Deadline::after(time), stop});
  return waited.error().cause == Cause::timeout ? Result<>() : waited;
}

}  // namespace

Ladder::Ladder(hosts::HostedBoard& board, const plans::LabBoard& facts,
               const plans::Profile& profile, std::function<std::uint64_t()> epoch,
               std::stop_token stop)
    : board_(board),
      facts_(facts),
      profile_(profile),
      epoch_(std::move(epoch)),
      stop_(std::move(stop)) {}

abilities::Order Ladder::order(Duration time) const {
  const Duration scaled(static_cast<std::int64_t>(static_cast<double>(time.count()) *
                                                  std::max(1.0, profile_.deadline_factor)));
  return {epoch_(), {Deadline::after(scaled), stop_}};
}

void Ladder::say(std::string_view rung, const std::string& why) {
  told_.push_back(fmt::format("{}: {}", rung, why.empty() ? "it works" : why));
}

std::string Ladder::climb(Reach reach) {
  const auto restarted = board_.restart({Deadline::after(check_time), stop_});
  std::string why = restarted ? examine() : restarted.error().text;
  say("device hosts started anew", why);
  for (const Rung rung : profile_.recovery) {
    if (why.empty() || reach == Reach::first_rung || stop_.stop_requested()) break;
    if (!can(rung)) continue;
    const auto taken = take(rung);
    if (!taken && taken.error().cause == Cause::invalid) continue;  // it has no such thing
    if (taken) why = examine();
    say(words(rung), taken ? why : taken.error().text);
  }
  return why;
}

bool Ladder::can(Rung rung) const {
  switch (rung) {
    case Rung::reset_probe:
      return board_.flash() != nullptr || board_.reset() != nullptr;
    case Rung::power_cycle:
      return board_.power() != nullptr;
    case Rung::hub_cycle:
      return board_.hub() != nullptr;
    case Rung::golden:
      return !facts_.golden.empty() && board_.flash() != nullptr;
  }
  return false;
}

Result<> Ladder::take(Rung rung) {
  switch (rung) {
    case Rung::reset_probe:
      return board_.revive(board_.flash() != nullptr ? "flash" : "reset", order(check_time));
    case Rung::power_cycle:
      return cycle_power();
    case Rung::hub_cycle:
      return cycle_hub();
    case Rung::golden:
      return write_golden();
  }
  return {};
}

Result<> Ladder::cycle_power() {
  TRY(board_.power()->off(order(check_time)));
  TRY(pause(std::max<Duration>(profile_.power_off_time, std::chrono::seconds(1)), stop_));
  TRY(board_.power()->on(order(check_time)));
  // Its ports come, if they do; examine() says what does not.
  if (board_.console() != nullptr) (void)board_.console()->ready(order(check_time));
  return {};
}

// Hosts say when what they drive goes and comes back.
Result<> Ladder::cycle_hub() {
  std::mutex mutex;
  std::condition_variable_any changed;
  int away = 0;
  board_.on_incident([&](const Incident& incident) {
    const std::lock_guard lock(mutex);
    if (incident.kind == Incident::Kind::guest_fault) return;
    away += incident.kind == Incident::Kind::back ? -1 : 1;
    changed.notify_all();
  });
  const auto cycled = [&]() -> Result<> {
    TRY(board_.hub()->off(order(check_time)));
    TRY(pause(hub_off_time, stop_));
    TRY(board_.hub()->on(order(check_time)));
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop_, hub_back_time, [&] { return away <= 0; });
    return {};
  }();
  board_.on_incident(nullptr);
  return cycled;
}

Result<> Ladder::write_golden() {
  using Side = abilities::Mux::Side;
  auto* mux = board_.mux();
  const abilities::FlashJob job{facts_.golden, profile_.flash_base, true, 0, profile_.erased};
  if (mux == nullptr) {
    if (profile_.flash_needs_power && board_.power() != nullptr)
      TRY(board_.power()->on(order(check_time)));
    return board_.flash()->write(order(flash_time), job);
  }
  // A disk: taken only from a board that is off.
  if (board_.power() != nullptr) TRY(board_.power()->off(order(check_time)));
  TRY(mux->to(order(check_time), Side::host));
  const auto written = board_.flash()->write(order(disk_time), job);
  const auto back = mux->to(order(check_time), Side::dut);
  TRY(written);
  return back;
}

std::string Ladder::switch_off(const std::stop_token& stop) {
  const Wait serve{Deadline::after(safe_state_time), stop};
  if (const auto serving = board_.wait_serving(serve); !serving) return serving.error().text;
  if (board_.power() == nullptr) return "";
  const abilities::Order order{epoch_(), {Deadline::after(safe_state_time), stop}};
  const auto off = board_.power()->off(order);
  if (!off) return "it cannot be switched off: " + off.error().text;
  const auto reads = board_.power()->is_on(order);
  if (!reads) return "whether it is off cannot be read: " + reads.error().text;
  return reads->value_or(false) ? "it was switched off, but it reads back on" : "";
}

std::string Ladder::examine() {
  std::string why = switch_off(stop_);
  for (const std::string& ability : facts_.abilities()) {
    if (!why.empty()) break;
    if (ability != "flash.read") why = ask(ability);  // an extra of "flash"
  }
  return why.empty() ? reach_chip() : why;
}

std::string Ladder::ask(const std::string& ability) {
  const auto checked = board_.check(ability, order(check_time));
  if (checked) return "";
  auto error = checked.error();
  if (ability == "console" && error.cause == Cause::not_found && board_.power() != nullptr) {
    // A port that may come with the board's power.
    const auto ready = board_.power()->on(order(check_time)).and_then([&] {
      return board_.console()->ready(order(check_time));
    });
    const std::string off = switch_off();  // also after a stop: it is not left on
    if (!off.empty()) return off;
    if (ready) return "";
    error = ready.error();
  }
  return fmt::format("{} does not work: {}", ability, error.text);
}

// A chip that its probe does not reach fails each attempt that the board gets.
std::string Ladder::reach_chip() {
  if (!profile_.flash_needs_power || board_.power() == nullptr || board_.flash() == nullptr)
    return "";
  const auto on = board_.power()->on(order(check_time));
  const auto health =
      on ? board_.check("flash", order(check_time)) : Result<Health>(tl::unexpected(on.error()));
  const std::string off = switch_off();
  if (!off.empty()) return off;
  if (!health) return "flash does not work: " + health.error().text;
  if (*health == Health::proven) return "";
  return "its probe does not reach the chip although the board is switched on";
}

}  // namespace assay::session
