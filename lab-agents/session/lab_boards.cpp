#include "session/lab_boards.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <set>
#include <thread>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "plans/shipped.hpp"
#include "session/ladder.hpp"

namespace assay::session {

namespace {

// Epochs are put on disk in blocks, so that a lease seldom waits for the disk.
constexpr std::uint64_t epoch_block = 256;
// Free on the agent's disk before a board is fit again: events, artifacts, flash.
constexpr off_t room_of_attempt = 1 << 20;

// What the profile adds to what the devices give: an update over SMP needs only
// a console, but only the profile knows that the firmware speaks it.
std::vector<std::string> all_abilities(const plans::LabBoard& board,
                                       const plans::Profile& profile) {
  const std::vector<std::string> of_devices = board.abilities();
  std::set<std::string> all(of_devices.begin(), of_devices.end());
  for (const std::string& ability : profile.abilities) {
    if (ability.starts_with("ota.") && all.contains("console")) all.insert(ability);
  }
  return {all.begin(), all.end()};
}

}  // namespace

Result<std::unique_ptr<LabBoards>> LabBoards::open(const plans::Lab& lab,
                                                   const std::filesystem::path& state,
                                                   hosts::HostProcesses& processes,
                                                   const std::filesystem::path& host_program) {
  std::unique_ptr<LabBoards> boards(new LabBoards(state));
  TRY(boards->load_epochs());
  for (const plans::LabBoard& facts : lab.boards) {
    const auto folder = state / "boards" / facts.id;
    TRY(make_folders(folder));
    hosts::BoardSpec spec{facts.id, {}, {host_program.string()}, folder, boards->epochs_[facts.id]};
    for (const plans::LabDevice& device : facts.devices) {
      const std::string program =
          device.host.empty() ? "" : fmt::format("{}-{}", host_program.string(), device.host);
      spec.devices.push_back(
          {device.name, device.driver, device.abilities, device.params, program});
    }
    auto board = hosts::HostedBoard::make(processes, spec);
    if (!board) return tl::unexpected(board.error().in(to_string(facts.place)));
    auto profile = plans::shipped_profile(facts.profile).value_or(plans::Profile{});
    Entry entry{facts, all_abilities(facts, profile), std::move(*board), std::move(profile), "",
                ""};
    boards->boards_.emplace(facts.id, std::move(entry));
  }
  return boards;
}

Result<> LabBoards::load_epochs() {
  const auto text = read_text(state_ / "epochs", 1 << 20);
  if (!text && text.error().cause == Cause::not_found) return {};
  if (!text) return tl::unexpected(text.error());
  for (const std::string_view line : split(*text, '\n')) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) continue;
    std::uint64_t epoch = 0;
    const auto number = line.substr(space + 1);
    if (std::from_chars(number.data(), number.data() + number.size(), epoch).ec != std::errc()) {
      return fail(Cause::invalid,
                  "{}: '{}' is not an epoch; restore the file, or remove the state folder "
                  "and every run that used it",
                  (state_ / "epochs").string(), printable(number));
    }
    epochs_[std::string(line.substr(0, space))] = epoch;
  }
  reserved_ = epochs_;
  return {};
}

void LabBoards::make_safe() {
  std::vector<std::jthread> threads;
  for (auto& [id, entry] : boards_) {
    threads.emplace_back([this, &entry = entry, &id = id] {
      Ladder ladder(*entry.board, entry.facts, entry.profile, [&] { return view(id).epoch; }, {});
      set_aside(id, ladder.switch_off());
    });
  }
}

hosts::HostedBoard* LabBoards::find(const std::string& id) {
  const auto found = boards_.find(id);
  return found == boards_.end() ? nullptr : found->second.board.get();
}

std::vector<std::string> LabBoards::ids() const {
  std::vector<std::string> all;
  for (const auto& [id, entry] : boards_) all.push_back(id);
  return all;
}

LabBoards::View LabBoards::view(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const Entry& entry = boards_.at(id);
  const auto epoch = epochs_.find(id);
  return {id,
          entry.facts.profile,
          entry.quarantine,
          entry.recovery,
          entry.abilities,
          entry.facts.tags,
          epoch == epochs_.end() ? 0 : epoch->second};
}

Result<> LabBoards::raise_epoch(const std::string& id, std::uint64_t epoch) {
  const auto found = boards_.find(id);
  if (found == boards_.end()) return fail(Cause::not_found, "this agent has no board '{}'", id);
  const std::lock_guard lock(mutex_);
  if (epoch <= epochs_[id]) {
    return fail(Cause::refused, "board {}: the lease's epoch {} is not above {}", id, epoch,
                epochs_[id]);
  }
  if (epoch > reserved_[id]) {
    auto next = reserved_;
    next[id] = epoch + epoch_block;
    std::string text;
    for (const auto& [board, value] : next) text += fmt::format("{} {}\n", board, value);
    TRY(write_file(state_ / "epochs", as_bytes(text)));
    reserved_ = std::move(next);
  }
  epochs_[id] = epoch;
  found->second.board->raise_floor(epoch);
  return {};
}

void LabBoards::set_aside(const std::string& id, const std::string& why) {
  if (!why.empty()) spdlog::warn("board {} is quarantined: {}", id, why);
  const std::lock_guard lock(mutex_);
  boards_.at(id).quarantine = why;
}

// By taking it for a moment: a quota shows no other way.
Result<> LabBoards::check_room(const std::string& id) const {
  const auto file = state_ / ("room-" + id);
  const UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  Result<> room;
  if (const int error = fd ? posix_fallocate(fd.get(), 0, room_of_attempt) : errno; error != 0) {
    errno = error;
    room = fail_errno(state_.string());
  }
  ::unlink(file.c_str());
  return room;
}

void LabBoards::learn(const std::string& id, const plans::Profile& profile) {
  const std::lock_guard lock(mutex_);
  boards_.at(id).profile = profile;
}

LabBoards::Recovered LabBoards::recover(const std::string& id, Ladder::Reach reach,
                                        const std::stop_token& stop) {
  Entry& entry = boards_.at(id);
  const auto profile = [&] {
    const std::lock_guard lock(mutex_);
    return entry.profile;
  }();
  Ladder ladder(
      *entry.board, entry.facts, profile, [&] { return view(id).epoch; }, stop);
  Recovered done{ladder.climb(reach), ladder.told()};
  if (done.why.empty()) {
    const auto room = check_room(id);
    if (!room) done.why = "the agent cannot keep events: " + room.error().text;
  }
  set_aside(id, done.why);
  if (done.told.size() > 1) {
    const std::lock_guard lock(mutex_);
    entry.recovery = join(done.told, "; ");
  }
  return done;
}

}  // namespace assay::session
