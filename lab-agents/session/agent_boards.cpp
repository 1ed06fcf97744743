// The agent's boards between attempts: which are unfit, when they are looked after,
// and what assayd is told of them.
#include <algorithm>

#include "base/log.hpp"
#include "session/agent.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::session {

namespace {

constexpr Duration first_recovery = std::chrono::seconds(1);
constexpr Duration rarest_recovery = std::chrono::minutes(1);
// Of so many tries one climbs the whole ladder: it wears relays and flash.
constexpr unsigned whole_climb_each = 30;
// So long after its power was cut a port of the board may still go with it.
constexpr Duration port_goes_with_power = std::chrono::seconds(5);

}  // namespace

void Agent::tell_of(const std::string& board) {
  v1::ControlRequest request;
  *request.mutable_board()->mutable_board() = board_info(board);
  send(std::move(request));
}

void Agent::set_aside(const std::string& board, const std::string& why) {
  boards_.set_aside(board, why);
  tell_of(board);
  look_after(board);
}

// What is wrong with it may pass: a disk that was full, a cable that was loose.
void Agent::look_after(const std::string& board) {
  if (boards_.view(board).quarantine.empty()) return;
  recoveries_.try_emplace(board, Recovery{Deadline::after(first_recovery), first_recovery, 0, {}});
}

std::string Agent::user_of(const std::string& board) const {
  for (const auto& [id, attempt] : attempts_) {
    if (!attempt.running) continue;
    for (const auto& lease : attempt.leases) {
      if (lease.board == board) return id;
    }
  }
  return "";
}

// Somebody pulled a cable, or put it back. Of a board in use its attempt is told, too,
// and looks after it at its end.
void Agent::device_changed(const std::string& board, const abilities::Incident& incident) {
  using Kind = abilities::Incident::Kind;
  if (stopping_ || !user_of(board).empty()) return;
  const bool unfit = recoveries_.contains(board);
  if (incident.kind == Kind::back) {
    if (!unfit) return;
    Recovery& recovery = recoveries_.at(board);
    recovery.pause = first_recovery;
    recovery.climbs = 0;
    if (!recovery.at.is_never()) recovery.at = Deadline::after({});
    return;
  }
  if (unfit || incident.kind == Kind::guest_fault) return;
  const auto idle = idle_since_.find(board);
  if (incident.kind == Kind::port_gone && idle != idle_since_.end() &&
      BootTime::now() - idle->second < port_goes_with_power)
    return;
  set_aside(board, "absent: " + incident.text);
}

// Nobody else uses it meanwhile: its assignments are refused until it is fit.
void Agent::recover(const std::string& board) {
  Recovery& recovery = recoveries_.at(board);
  recovery.at = Deadline::never();
  const auto reach =
      recovery.climbs++ % whole_climb_each == 0 ? Ladder::Reach::all : Ladder::Reach::first_rung;
  recovery.thread = std::jthread([this, board, reach](const std::stop_token& stop) {
    boards_.recover(board, reach, stop);
    inbox_.post([this, board] { recovered(board); });
  });
}

void Agent::recovered(const std::string& board) {
  tell_of(board);
  Recovery& recovery = recoveries_.at(board);
  if (boards_.view(board).quarantine.empty()) {
    spdlog::info("board {} is fit again", board);
    recoveries_.erase(board);
    return;
  }
  recovery.pause = std::min<Duration>(recovery.pause * 2, rarest_recovery);
  recovery.at = Deadline::after(recovery.pause);
}

v1::BoardInfo Agent::board_info(const std::string& id) const {
  const LabBoards::View view = boards_.view(id);
  v1::BoardInfo info;
  info.set_id(view.id);
  info.set_profile(view.profile);
  info.mutable_abilities()->Assign(view.abilities.begin(), view.abilities.end());
  info.mutable_tags()->Assign(view.tags.begin(), view.tags.end());
  info.set_quarantine(wire::wire_text(view.quarantine, wire::max_text));
  info.set_recovery(wire::wire_text(view.recovery, wire::max_text));
  info.set_epoch(view.epoch);
  info.set_busy(user_of(id));
  return info;
}

}  // namespace assay::session
