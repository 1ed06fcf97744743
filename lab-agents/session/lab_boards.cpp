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

namespace assay::session {

namespace {

// Epochs are put on disk in blocks, so that a lease seldom waits for the disk.
constexpr std::uint64_t epoch_block = 256;
constexpr Duration safe_state_time = std::chrono::seconds(10);
constexpr Duration check_time = std::chrono::seconds(10);
// Free on the agent's disk before a board is fit again: events, artifacts, flash.
constexpr off_t room_of_attempt = 1 << 20;

// What the profile adds to what the devices give: an update over SMP needs only
// a console, but only the profile knows that the firmware speaks it.
std::vector<std::string> all_abilities(const plans::LabBoard& board) {
  const std::vector<std::string> of_devices = board.abilities();
  std::set<std::string> all(of_devices.begin(), of_devices.end());
  if (const auto profile = plans::shipped_profile(board.profile)) {
    for (const std::string& ability : profile->abilities) {
      if (ability.starts_with("ota.") && all.contains("console")) all.insert(ability);
    }
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
    boards->boards_.emplace(facts.id, Entry{facts, all_abilities(facts), std::move(*board), ""});
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

std::string LabBoards::switch_off(Entry& entry, const std::stop_token& stop) {
  const Wait serve{Deadline::after(safe_state_time), stop};
  if (const auto serving = entry.board->wait_serving(serve); !serving) {
    return serving.error().text;
  }
  if (entry.board->power() == nullptr) return "";
  std::uint64_t epoch = 0;
  {
    const std::lock_guard lock(mutex_);
    epoch = epochs_[entry.facts.id];
  }
  const abilities::Order order{epoch, {Deadline::after(safe_state_time), stop}};
  const auto off = entry.board->power()->off(order);
  if (!off) return "it cannot be switched off: " + off.error().text;
  const auto reads = entry.board->power()->is_on(order);
  if (!reads) return "whether it is off cannot be read: " + reads.error().text;
  return reads->value_or(false) ? "it was switched off, but it reads back on" : "";
}

void LabBoards::make_safe() {
  std::vector<std::jthread> threads;
  for (auto& [id, entry] : boards_) {
    threads.emplace_back([this, &entry = entry, &id = id] { set_aside(id, switch_off(entry)); });
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

std::string LabBoards::recover(const std::string& id, const std::stop_token& stop) {
  Entry& entry = boards_.at(id);
  std::string why;
  if (const auto restarted = entry.board->restart({Deadline::after(check_time), stop}); !restarted)
    why = restarted.error().text;
  if (why.empty()) why = switch_off(entry, stop);
  for (const std::string& ability : entry.facts.abilities()) {
    if (!why.empty()) break;
    if (ability == "flash.read") continue;  // an extra of "flash"
    const auto checked =
        entry.board->check(ability, {view(id).epoch, {Deadline::after(check_time), stop}});
    if (checked) continue;
    auto error = checked.error();
    if (ability == "console" && error.cause == Cause::not_found &&
        entry.board->power() != nullptr) {
      // A port that may come with the board's power.
      const abilities::Order order{view(id).epoch, {Deadline::after(check_time), stop}};
      const auto ready = entry.board->power()->on(order).and_then(
          [&] { return entry.board->console()->ready(order); });
      why = switch_off(entry);  // also after a stop
      if (ready) continue;
      error = ready.error();
    }
    if (why.empty()) why = fmt::format("{} does not work: {}", ability, error.text);
  }
  if (why.empty()) {
    const auto room = check_room(id);
    if (!room) why = "the agent cannot keep events: " + room.error().text;
  }
  set_aside(id, why);
  return why;
}

}  // namespace assay::session
