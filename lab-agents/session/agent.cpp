#include "session/agent.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <future>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "session/final_status.hpp"
#include "wire/job.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"
#include "wire/status.hpp"

namespace assay::session {

using evidence::Verdict;

namespace {

constexpr Duration first_backoff = std::chrono::milliseconds(20);
constexpr Duration longest_backoff = std::chrono::seconds(2);
constexpr Duration leftovers_time = std::chrono::seconds(2);
constexpr Duration wind_down_time = std::chrono::seconds(8);
constexpr Duration farewell_time = std::chrono::seconds(1);  // twice, with the streams cancelled
constexpr std::size_t max_renewals_in_flight = 32;
constexpr Duration telling_time = std::chrono::seconds(1);

std::string random_incarnation() {
  std::array<std::uint8_t, 16> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return to_hex(bytes);
}

}  // namespace

Agent::Agent(AgentConfig config, LabBoards& boards)
    : config_(std::move(config)),
      incarnation_(random_incarnation()),
      boards_(boards),
      channel_(wire::make_channel(config_.server)),
      stub_(v1::AgentService::NewStub(channel_)),
      // Connections of their own: on a slow line megabytes of an artifact or of a
      // console are under way, and no cancel and no renewal must wait behind them.
      leftovers_stub_(v1::AgentService::NewStub(wire::make_channel(config_.server))),
      artifact_stub_(v1::ArtifactService::NewStub(wire::make_channel(config_.server))),
      artifacts_(config_.state / "cache", config_.cache_limit) {}

Agent::~Agent() = default;

void Agent::stop() {
  inbox_.post([this] { stopping_ = true; });
}

Result<> Agent::run() {
  std::error_code ignored;  // what attempts of a killed incarnation left
  std::filesystem::remove_all(config_.state / "scratch", ignored);
  deliver_leftovers();
  for (const std::string& id : boards_.ids()) {
    look_after(id);
    boards_.find(id)->watch([this, id](const abilities::Incident& incident) {
      inbox_.post([this, id, incident] { device_changed(id, incident); });
    });
  }
  connect();
  while (!stopping_ && !refused_) {
    const Deadline next = tick();
    if (const auto task = inbox_.next(next)) task();
  }
  wind_down();
  if (refused_) return tl::unexpected(*refused_);
  return {};
}

// Everything that is due by now; returns when the next thing is.
Deadline Agent::tick() {
  if (reconnect_at_.passed()) connect();
  if (renew_at_.passed()) renew();
  expire_leases();
  Deadline next = reconnect_at_.sooner(renew_at_);
  for (auto& [id, attempt] : attempts_) {
    next = next.sooner(attempt.uplink->tick());
    if (attempt.running) next = next.sooner(attempt.running->lease_until);
  }
  for (auto& [id, uplink] : leftovers_) next = next.sooner(uplink->tick());
  for (auto& [id, recovery] : recoveries_) {
    if (recovery.at.passed()) recover(id);
    next = next.sooner(recovery.at);
  }
  return next;
}

// ---- Attempts of an earlier incarnation ----

// What it could not deliver goes first, before hello ends its leases: an attempt
// that had finished then counts and is not run again.
void Agent::deliver_leftovers() {
  const auto folder = config_.state / "spool";
  for (const std::string& id : spool::Spool::list(folder)) {
    auto reopened = spool::Spool::reopen(folder, id);
    if (!reopened) {
      spdlog::warn("spool of attempt {}: {}", id, reopened.error().text);
      continue;
    }
    const std::shared_ptr<spool::Spool> spool = std::move(*reopened);
    const auto uplink = std::make_shared<Uplink>(
        *leftovers_stub_, config_.name, inbox_, spool,
        [this, id, spool](Uplink::End end, const std::string& why) {
          if (end == Uplink::End::refused)
            spdlog::warn("assayd does not take the events of attempt {}: {}", id, why);
          spool->remove();
          // Not within the uplink's own call: this destroys it.
          inbox_.post([this, id] { leftovers_.erase(id); });
        });
    uplink->deliver_what_is_there();
    leftovers_[id] = uplink;
    uplink->connect();
  }
  const Deadline until = Deadline::after(leftovers_time);
  while (!leftovers_.empty() && !until.passed() && !stopping_) {
    Deadline next = until;
    for (auto& [id, uplink] : leftovers_) next = next.sooner(uplink->tick());
    if (const auto task = inbox_.next(next)) task();
  }
}

// ---- The control stream ----

void Agent::connect() {
  reconnect_at_ = Deadline::never();
  welcome_ = false;
  const std::uint64_t generation = ++generation_;
  control_ = std::make_shared<ControlStream>(
      [this, generation](const v1::ControlResponse& response) {
        inbox_.post([this, generation, response] {
          if (generation == generation_) received(response);
        });
      },
      [this, generation, guest = inbox_.guest()](const grpc::Status& status) {
        inbox_.post([this, generation, status] { control_ended(generation, status); });
      });
  stub_->async()->Control(&control_->context(), control_.get());
  control_->begin();
  v1::ControlRequest request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_protocol(wire::protocol_version);
  hello.set_name(config_.name);
  hello.set_incarnation(incarnation_);
  hello.set_version(config_.version);
  hello.set_connection(generation);
  hello.set_max_attempts(config_.max_attempts);
  for (const std::string& verb : plans::verbs()) hello.add_verbs(verb);
  for (const std::string& id : boards_.ids()) *hello.add_boards() = board_info(id);
  for (const auto& [id, attempt] : attempts_) hello.add_attempts(id);
  hello_sent_ = BootTime::now();
  control_->send(std::move(request));
}

void Agent::control_ended(std::uint64_t generation, const grpc::Status& status) {
  if (generation != generation_ || stopping_) return;
  if (ends_session(status)) {
    refused_ =
        Error{Cause::refused, wire::from_status(status, "assayd at " + config_.server.text()).text};
    return;
  }
  if (welcome_ || backoff_ == Duration::zero()) {
    spdlog::warn("assayd at {} is gone ({}); trying again", config_.server.text(),
                 status.error_message());
  }
  welcome_ = false;
  renew_at_ = Deadline::never();
  backoff_ = std::clamp(backoff_ * 2, first_backoff, longest_backoff);
  reconnect_at_ = Deadline::after(backoff_);
}

void Agent::send(v1::ControlRequest request) {
  if (control_ && !control_->send(std::move(request))) control_->cancel();
}

void Agent::received(const v1::ControlResponse& response) {
  switch (response.message_case()) {
    case v1::ControlResponse::kWelcome:
      return welcomed(response.welcome());
    case v1::ControlResponse::kAssignment:
      return assigned(response.assignment());
    case v1::ControlResponse::kRenewal:
      return renewed(response.renewal());
    case v1::ControlResponse::kCancel: {
      const auto found = attempts_.find(response.cancel().attempt());
      if (found != attempts_.end() && found->second.running) {
        found->second.running->stop(Verdict::cancelled, response.cancel().reason());
      }
      return;
    }
    case v1::ControlResponse::kOpenChannel: {
      const v1::OpenChannel& open = response.open_channel();
      const auto opened = ConsoleChannel::open(
          *stub_, boards_, open, [this, guest = inbox_.guest()](const std::string& channel) {
            inbox_.post([this, channel] { channels_.erase(channel); });
          });
      if (opened) {
        channels_[open.channel()] = *opened;
      } else {
        v1::ControlRequest request;
        request.mutable_channel_refused()->set_channel(open.channel());
        request.mutable_channel_refused()->set_reason(opened.error().text);
        send(std::move(request));
      }
      return;
    }
    case v1::ControlResponse::MESSAGE_NOT_SET:
      return;
  }
}

void Agent::welcomed(const v1::Welcome& welcome) {
  welcome_ = true;
  lease_from_ = hello_sent_;
  backoff_ = {};
  lease_ = wire::from_proto("lease", welcome.lease()).value_or(lease_);
  renew_every_ = std::max<Duration>(
      wire::from_proto("renew_every", welcome.renew_every()).value_or(renew_every_),
      std::chrono::milliseconds(50));
  if (welcome.attempt_bytes() != 0)
    attempt_bytes_ = std::max(welcome.attempt_bytes(), least_attempt_bytes);
  spdlog::info("assayd at {} took us in with {} boards", config_.server.text(),
               boards_.ids().size());
  renew();
  if (config_.on_welcome) config_.on_welcome();
}

// ---- Leases ----

void Agent::renew() {
  renew_at_ = Deadline::after(renew_every_);
  v1::ControlRequest request;
  request.mutable_renewal()->set_number(++renewal_);
  for (const auto& [id, attempt] : attempts_) {
    // Only its delivery is left, and that is broken: it must not hold its lease for good.
    if (!attempt.running && attempt.spool->was_cut()) continue;
    request.mutable_renewal()->add_attempts(id);
  }
  renewals_sent_.emplace_back(renewal_, BootTime::now());
  if (renewals_sent_.size() > max_renewals_in_flight) renewals_sent_.pop_front();
  send(std::move(request));
}

// A lease counts from when its renewal was *sent*: assayd counts from when it
// received it, which is later.
void Agent::renewed(const v1::RenewalAnswer& answer) {
  while (!renewals_sent_.empty() && renewals_sent_.front().first < answer.number())
    renewals_sent_.pop_front();
  if (renewals_sent_.empty() || renewals_sent_.front().first != answer.number()) return;
  lease_from_ = renewals_sent_.front().second;
  const Deadline until = Deadline::at(lease_from_ + lease_ - executor::safe_state_limit);
  for (auto& [id, attempt] : attempts_) {
    if (!attempt.running || answer.number() <= attempt.after_renewal) continue;
    if (until.time() > attempt.running->lease_until.time()) attempt.running->lease_until = until;
  }
  for (const std::string& id : answer.unknown()) {
    const auto found = attempts_.find(id);
    if (found == attempts_.end()) continue;
    if (found->second.running)
      found->second.running->stop(Verdict::lab_error, "assayd has given this attempt up");
  }
}

void Agent::expire_leases() {
  for (auto& [id, attempt] : attempts_) {
    if (!attempt.running || !attempt.running->lease_until.passed()) continue;
    attempt.running->lease_until = Deadline::never();
    attempt.running->stop(
        Verdict::lab_error,
        fmt::format("the lease ended: assayd was not heard for {}", human(lease_)));
  }
}

// ---- Attempts ----

std::string Agent::refusal(const AttemptOrder& order) {
  if (stopping_) return "the agent is stopping";
  if (order.leases.empty()) return "no board was leased";
  for (const auto& lease : order.leases) {
    if (boards_.find(lease.board) == nullptr)
      return fmt::format("this agent has no board '{}'", lease.board);
    const std::string why = boards_.view(lease.board).quarantine;
    if (!why.empty()) return fmt::format("board {} is quarantined: {}", lease.board, why);
    if (const std::string user = user_of(lease.board); !user.empty())
      return fmt::format("board {} is still used by attempt {}", lease.board, user);
  }
  return "";
}

// What must be on disk before an attempt begins.
Result<std::unique_ptr<spool::Spool>> Agent::keep(const AttemptOrder& order) {
  for (const auto& lease : order.leases) TRY(boards_.raise_epoch(lease.board, lease.epoch));
  auto spool =
      spool::Spool::create(config_.state / "spool", order.id,
                           {.attempt_bytes = attempt_bytes_, .roles = order.leases.size()});
  if (!spool) return tl::unexpected(spool.error().in("the agent cannot keep events"));
  return spool;
}

void Agent::answer(const std::string& attempt, const std::string& refusal) {
  v1::ControlRequest request;
  request.mutable_assignment()->set_attempt(attempt);
  request.mutable_assignment()->set_accepted(refusal.empty());
  request.mutable_assignment()->set_reason(refusal);
  send(std::move(request));
}

void Agent::assigned(const v1::Assignment& assignment) {
  const std::string& id = assignment.attempt();
  if (attempts_.contains(id)) return answer(id, "");  // told twice
  auto spec = wire::from_proto(assignment.spec());
  if (!spec) return answer(id, spec.error().text);
  AttemptOrder order{id, std::move(*spec), {}};
  Duration lease = lease_;
  for (const v1::Lease& l : assignment.leases()) {
    order.leases.push_back({l.role(), l.board(), l.epoch()});
    lease = std::min(lease, wire::from_proto("lease", l.duration()).value_or(lease));
  }
  // Not from now: the assignment may have lain in a buffer while this process
  // was stopped, and assayd counts from before it was sent.
  const Deadline until = Deadline::at(lease_from_ + lease - executor::safe_state_limit);
  if (until.passed()) return answer(id, "the assignment came when its lease was over already");
  if (const std::string why = refusal(order); !why.empty()) return answer(id, why);
  auto spool = keep(order);
  if (!spool) {
    // Before the answer, or the job would come again at once: it waits, or runs elsewhere.
    if (spool.error().cause != Cause::refused) {
      for (const auto& held : order.leases) set_aside(held.board, spool.error().text);
    }
    return answer(id, spool.error().text);
  }

  answer(id, "");
  Attempt& attempt = attempts_[id];
  attempt.spool = std::move(*spool);
  attempt.leases = order.leases;
  attempt.after_renewal = renewal_;
  attempt.stub = take_event_stub();
  attempt.uplink =
      std::make_shared<Uplink>(*attempt.stub, config_.name, inbox_, attempt.spool,
                               [this, id](Uplink::End end, const std::string& why) {
                                 // Not within the uplink's own call: this destroys it.
                                 inbox_.post([this, id, end, why] { delivered(id, end, why); });
                               });
  attempt.uplink->on_cut([this, id](const std::string& why) {
    const auto found = attempts_.find(id);
    if (found == attempts_.end() || !found->second.running) return;
    found->second.running->stop(Verdict::lab_error,
                                "the agent cannot read back the events that it kept: " + why);
  });
  attempt.uplink->connect();
  attempt.running = std::make_unique<RunningAttempt>(
      std::move(order),
      RunningAttempt::Surroundings{boards_, artifacts_, *artifact_stub_, config_.state / "scratch",
                                   config_.name, config_.environment},
      attempt.spool, [this, id] {
        // The last event must not overtake what assayd is told of the boards: it would
        // lease one anew that was just set aside. They take different streams, so this
        // waits until it is sent, but for no session that is ending.
        const auto told = std::make_shared<std::promise<void>>();
        inbox_.post([this, id, told] { attempt_ran(id, *told); });
        (void)told->get_future().wait_for(telling_time);
      });
  attempt.running->lease_until = until;
}

// The boards are free again and safe; the thread is about to spool its last event.
void Agent::attempt_ran(const std::string& id, std::promise<void>& told) {
  const auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  // Its end joins the thread, which waits to hear that assayd was told.
  auto running = std::exchange(found->second.running, nullptr);
  for (const auto& lease : found->second.leases) {
    idle_since_[lease.board] = BootTime::now();
    tell_of(lease.board);
    look_after(lease.board);
  }
  told.set_value();
  running.reset();
  if (found->second.closed) close(id);
}

void Agent::delivered(const std::string& id, Uplink::End end, const std::string& why) {
  const auto found = attempts_.find(id);
  if (found == attempts_.end()) return;
  found->second.closed = true;
  if (end == Uplink::End::refused)
    spdlog::warn("assayd does not take the events of attempt {}: {}", id, why);
  if (found->second.running) {
    found->second.running->stop(Verdict::lab_error, "assayd does not take its events: " + why);
    return;  // attempt_ran() is to come
  }
  close(id);
}

v1::AgentService::Stub* Agent::take_event_stub() {
  if (free_event_stubs_.empty()) {
    event_stubs_.push_back(v1::AgentService::NewStub(wire::make_channel(config_.server)));
    return event_stubs_.back().get();
  }
  v1::AgentService::Stub* const stub = free_event_stubs_.back();
  free_event_stubs_.pop_back();
  return stub;
}

void Agent::close(const std::string& id) {
  const auto found = attempts_.find(id);
  found->second.spool->on_append(nullptr);
  found->second.spool->remove();
  free_event_stubs_.push_back(found->second.stub);
  attempts_.erase(found);
  v1::ControlRequest request;
  request.mutable_closed()->set_attempt(id);
  send(std::move(request));
}

// Stops every attempt, gives their last events a moment to reach assayd, and
// leaves the boards safe.
void Agent::wind_down() {
  for (const std::string& id : boards_.ids()) boards_.find(id)->watch(nullptr);
  for (auto& [id, recovery] : recoveries_) recovery.thread.request_stop();
  for (auto& [id, attempt] : attempts_) {
    if (attempt.running) attempt.running->stop(Verdict::lab_error, "the agent is stopping");
  }
  const Deadline until = Deadline::after(wind_down_time);
  while (!attempts_.empty() && !until.passed()) {
    Deadline next = until;
    for (auto& [id, attempt] : attempts_) next = next.sooner(attempt.uplink->tick());
    if (const auto task = inbox_.next(next)) task();
    const bool running = std::any_of(attempts_.begin(), attempts_.end(),
                                     [](const auto& a) { return a.second.running != nullptr; });
    if (!running && !welcome_)
      break;  // nobody to deliver to: the spools stay for the next incarnation
  }
  for (auto& [id, attempt] : attempts_) {
    attempt.spool->on_append(nullptr);
    attempt.uplink->abandon();
  }
  for (auto& [id, uplink] : leftovers_) uplink->abandon();
  for (auto& [id, channel] : channels_) channel->close();
  if (control_) control_->finish();
  // gRPC's threads must be done with us before we are gone. And the channel must
  // not end with the last stream, on such a thread, which would wait for itself.
  const std::weak_ptr<ControlStream> control = std::exchange(control_, nullptr);
  attempts_.clear();
  leftovers_.clear();
  channels_.clear();
  if (inbox_.wait_for_guests_to_leave(Deadline::after(farewell_time))) return;
  if (const auto stream = control.lock()) stream->cancel();
  if (!inbox_.wait_for_guests_to_leave(Deadline::after(farewell_time)))
    spdlog::warn("a stream to assayd at {} does not end", config_.server.text());
}

}  // namespace assay::session
