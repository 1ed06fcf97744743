// Calls into a device host: turns, deadlines, epochs.
#include <algorithm>

#include "hosts/keeper.hpp"

namespace assay::hosts {

namespace {

bool over(const Wait& wait) {
  return wait.stop.stop_requested() || wait.until.passed();
}

// How long to wait on a condition variable, whose clock is not that of
// deadlines: never so long that it would overflow.
Duration slice(Deadline until) {
  return std::min<Duration>(until.left(), std::chrono::hours(1));
}

Deadline with_grace(Deadline until) {
  return until.is_never() ? until : Deadline::at(until.time() + grace);
}

}  // namespace

Error DeviceHost::Keeper::why_down() const {
  return why_.in(name_);
}

Result<Json> DeviceHost::Keeper::call(std::string_view ability, std::string_view operation,
                                      Json arguments, const abilities::Order& order) {
  Lock lock(mutex_);
  Call call{.ability = std::string(ability),
            .operation = std::string(operation),
            .life = life_,
            .order = &order};
  if (order.epoch < floor_) {
    return tl::unexpected(stale_epoch(spec_.board, call.what(), order.epoch, floor_));
  }
  if (order.epoch > floor_) {
    floor_ = order.epoch;
    changed_.notify_all();
  }
  queue_.push_back(&call);
  auto result = carry_out(lock, call, std::move(arguments), order);
  changed_.wait(lock, [&] { return !call.telling; });
  queue_.remove(&call);
  changed_.notify_all();
  if (!call.killed_why.empty()) {
    lock.unlock();
    tell(abilities::Incident::Kind::gone, call.killed_why);
    lock.lock();
    --telling_;
    changed_.notify_all();
  }
  return result;
}

Result<Json> DeviceHost::Keeper::carry_out(Lock& lock, Call& call, Json arguments,
                                           const abilities::Order& order) {
  TRY(take_turn(lock, call, order));
  TRY(send_request(lock, call, std::move(arguments), order));
  return await_reply(lock, call, order);
}

Result<> DeviceHost::Keeper::take_turn(Lock& lock, Call& call, const abilities::Order& order) {
  const auto my_turn = [&] { return phase_ == Phase::serving && queue_.front() == &call; };
  const std::uint64_t failures = failures_;
  const auto is_down = [&] {
    return phase_ == Phase::down || phase_ == Phase::abandoned || failures_ != failures;
  };
  const auto settled = [&] {
    return my_turn() || call.life != life_ || floor_ > order.epoch || is_down();
  };
  while (!settled()) {
    if (over(order.wait)) {
      const bool stopped = order.wait.stop.stop_requested();
      return fail(stopped ? Cause::cancelled : Cause::timeout, "{}: {} {} while it waited for {}",
                  name_, call.what(), stopped ? "was cancelled" : "ran out of time",
                  phase_ == Phase::serving ? "'" + queue_.front()->what() + "' to end"
                                           : std::string("the device host to start"));
    }
    changed_.wait_for(lock, order.wait.stop, slice(order.wait.until), settled);
  }
  if (call.life != life_) return tl::unexpected(life_error_.in(name_ + ": " + call.what()));
  if (floor_ > order.epoch) {
    return tl::unexpected(stale_epoch(spec_.board, call.what(), order.epoch, floor_));
  }
  if (!my_turn()) return tl::unexpected(why_down());
  return {};
}

Result<> DeviceHost::Keeper::send_request(Lock& lock, Call& call, Json arguments,
                                          const abilities::Order& order) {
  Request request{.id = next_id_++,
                  .ability = call.ability,
                  .operation = call.operation,
                  .arguments = std::move(arguments),
                  .epoch = order.epoch,
                  .floor = floor_};
  if (!order.wait.until.is_never()) request.left_ns = order.wait.until.left().count();
  const Bytes bytes = TRY(encode(ToHost(std::move(request))));
  awaited_id_ = next_id_ - 1;
  const auto socket = socket_;
  lock.unlock();  // only the call whose turn it is writes
  const auto sent = write_all(socket->get(), bytes, order.wait);
  lock.lock();
  // A closed socket is left to the reader, which knows how the host ended. Else
  // await_reply() finds the wait to be over and kills a host that takes no requests.
  (void)sent;
  return {};
}

Result<Json> DeviceHost::Keeper::await_reply(Lock& lock, Call& call,
                                             const abilities::Order& order) {
  Deadline limit = with_grace(order.wait.until);
  bool ending = false;  // a stop or a newer epoch has shortened the limit
  while (true) {
    if (call.result) return std::move(*call.result);
    if (call.life != life_) return tl::unexpected(life_error_.in(name_ + ": " + call.what()));
    const bool stopped = order.wait.stop.stop_requested(), stale = floor_ > order.epoch;
    if (!ending && (stopped || stale)) {
      ending = true;
      limit = limit.sooner(Deadline::after(grace));
    }
    if (limit.passed()) {
      awaited_id_ = 0;
      const std::string_view why = stale     ? "is of an older epoch"
                                   : stopped ? "was cancelled"
                                             : "was not answered by its deadline";
      call.killed_why = fmt::format("{} {}: its host (process {}) is killed and started anew",
                                    call.what(), why, process_.pid);
      ++telling_;
      doom(lock, call.killed_why);
      if (stale) return tl::unexpected(stale_epoch(spec_.board, call.what(), order.epoch, floor_));
      return fail(stopped ? Cause::cancelled : Cause::timeout, "{}: {}", name_, call.killed_why);
    }
    changed_.wait_for(lock, ending ? std::stop_token() : order.wait.stop, slice(limit), [&] {
      return call.result || call.life != life_ || (!ending && floor_ > order.epoch);
    });
  }
}

void DeviceHost::Keeper::doom(Lock&, const std::string& why) {
  end_life({Cause::unavailable, why});
  if (process_.number != 0) {
    doomed_ = why;
    processes_.kill(process_.number);
  }
  wake();
}

void DeviceHost::Keeper::end_life(Error why) {
  ++life_;
  awaited_id_ = 0;  // what the old host still said is nobody's
  life_error_ = std::move(why);
  phase_ = Phase::starting;
  changed_.notify_all();
}

void DeviceHost::Keeper::raise_floor(std::uint64_t epoch) {
  const Lock lock(mutex_);
  floor_ = std::max(floor_, epoch);
  changed_.notify_all();
}

Result<> DeviceHost::Keeper::wait_serving(const Wait& wait) {
  Lock lock(mutex_);
  const std::uint64_t failures = failures_;
  const auto settled = [&] { return phase_ != Phase::starting || failures_ != failures; };
  while (!settled()) {
    if (over(wait)) {
      const bool stopped = wait.stop.stop_requested();
      return fail(stopped ? Cause::cancelled : Cause::timeout, "{}: its host does not start: {}",
                  name_, stopped ? "cancelled" : "timed out");
    }
    changed_.wait_for(lock, wait.stop, slice(wait.until), settled);
  }
  if (phase_ != Phase::serving) return tl::unexpected(why_down());
  return {};
}

Result<> DeviceHost::Keeper::restart(const Wait& wait) {
  {
    Lock lock(mutex_);
    if (phase_ == Phase::abandoned) return tl::unexpected(why_down());
    quiet_ = process_.number != 0;
    hurry_ = true;
    doom(lock, "its host is started anew on request");
  }
  return wait_serving(wait);
}

void DeviceHost::Keeper::post(std::function<void()> task) {
  const Lock lock(mutex_);
  posts_.push_back(std::move(task));
  interrupt_.request_stop();
  wake();
}

pid_t DeviceHost::Keeper::pid() const {
  const Lock lock(mutex_);
  return process_.pid;
}

}  // namespace assay::hosts
