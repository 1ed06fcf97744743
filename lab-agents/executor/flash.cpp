// The step that writes an image, and when it need not: when all that writing it
// would leave (the image and what is erased around it) is read back already.
#include <fmt/core.h>

#include <algorithm>
#include <functional>

#include "executor/attribution.hpp"
#include "executor/step.hpp"
#include "images/load.hpp"

namespace assay::executor {

namespace {

// What a board may take for it, before its type's factor.
constexpr Duration flash_within = std::chrono::seconds(120);
constexpr Duration read_within = flash_within / 2;  // then it is written after all
constexpr Duration reset_within = std::chrono::seconds(10);
constexpr Duration power_within = std::chrono::seconds(10);
// Another image mostly differs soon, so the first piece is small; a flasher may
// start a program for each call, so the others are not.
constexpr std::uint64_t first_piece = 64U << 10;
constexpr std::uint64_t largest_piece = 16U << 20;  // a call, as abilities::Flash says
constexpr std::uint64_t most_compared = 256U << 20;
constexpr std::size_t digits = 12;  // of a digest, in a sentence

// The chip or the slot as the job would leave it.
struct Contents {
  std::uint64_t address = 0;
  Bytes bytes;
};

// nullopt: that cannot be told, so the flasher has to do it. The file may be
// damaged, which is its to say, or have a part beside the flash (fuses, another
// chip), of which nobody knows how it looks when it is erased.
std::optional<Contents> left_by(const abilities::FlashJob& job, const plans::Profile& profile) {
  const auto size = job.erase_chip ? profile.flash_size : job.erase_size;
  if (size == 0 || size > most_compared) return std::nullopt;
  const auto segments = images::load(job.file, job.address);
  if (!segments) return std::nullopt;
  auto bytes = segments->flatten(job.address, size, profile.erased);
  if (!bytes) return std::nullopt;
  return Contents{job.address, *std::move(bytes)};
}

// Also false when this flasher cannot read.
Result<bool> reads_as(const Run& run, const Contents& wanted, const Wait& wait) {
  auto piece = first_piece;
  for (std::uint64_t at = 0; at < wanted.bytes.size();) {
    const auto want = ByteView(wanted.bytes).subspan(at, std::min(piece, wanted.bytes.size() - at));
    const auto read =
        TRY(run.role.board->flash()->read(run.role.order(wait), wanted.address + at, want.size()));
    if (!read || !std::equal(read->begin(), read->end(), want.begin(), want.end())) return false;
    at += want.size();
    piece = largest_piece;
  }
  return true;
}

// When it is, the board is left as flashing leaves it: off, or its program started
// anew, with the cursor before that.
Result<bool> is_there(Run& run, const Contents& wanted, const Wait& wait) {
  auto& role = run.role;
  if (!TRY(reads_as(run, wanted, wait))) return false;
  if (role.console->is_off()) return true;
  if (role.board->power() != nullptr) {
    const auto on = TRY(role.board->power()->is_on(role.order(wait)));
    if (on && !*on) return true;
  }
  if (role.board->reset() == nullptr) return false;
  begin_actuation(role, run.interrupts, "flash", false);
  TRY(role.board->reset()->pulse(role.order(wait.at_most(role.scaled(reset_within)))));
  run.emit(evidence::ResetPulse{});
  // Its program may have written something before it was stopped.
  return reads_as(run, wanted, wait);
}

Outcome already_there(const Contents& wanted, Duration took) {
  const auto digest = to_hex(sha256(wanted.bytes));
  const auto all =
      fmt::format("SHA-256 {} of {} bytes at {:#x}", digest, wanted.bytes.size(), wanted.address);
  return {
      .sentence = fmt::format("already there (SHA-256 {}..., read back in {}); not flashed again",
                              digest.substr(0, digits), words(took)),
      .findings = {{"flash", all, all, evidence::Finding::Says::agrees}},
      .already_there = true};
}

// What a probe reaches only while the board has power.
Result<> give_power(Run& run) {
  auto& role = run.role;
  if (!role.profile().flash_needs_power || role.board->power() == nullptr) return {};
  const Wait wait = run.within(power_within);
  const auto on = TRY(role.board->power()->is_on(role.order(wait)));
  if (on.value_or(!role.console->is_off())) return {};
  return switch_on(role, run.sink, run.interrupts, wait, "power on to flash");
}

Result<abilities::FlashJob> make_job(const Run& run, const plans::Flash& step) {
  const auto& profile = run.role.profile();
  const auto file = TRY(run.artifacts.file_for_tools(step.artifact));
  std::filesystem::path map;
  if (!step.map.empty()) map = TRY(run.artifacts.file_for_tools(step.map));
  if (step.slot.empty())
    return abilities::FlashJob{file, profile.flash_base, true, 0, profile.erased, map};
  const auto slot = std::find_if(profile.slots.begin(), profile.slots.end(),
                                 [&](const auto& s) { return s.name == step.slot; });
  if (slot == profile.slots.end()) {
    return fail(Cause::internal, "board type '{}' has no slot '{}'", profile.name, step.slot);
  }
  return abilities::FlashJob{file,           slot->address + slot->image_offset,
                             false,          slot->size - slot->image_offset,
                             profile.erased, map};
}

}  // namespace

// Of what the device host lets through, what is worth keeping: a hundredth of the way,
// or something else that begins.
std::function<void(const abilities::Progress&)> progress_events(const Run& run) {
  return [&run, last = abilities::Progress()](const abilities::Progress& now) mutable {
    if (now.doing == last.doing && now.total == last.total) {
      if (now.total == 0 || now.done == last.done) return;
      const bool is_near = now.done > last.done && now.done - last.done < now.total / 100;
      if (is_near && now.done != now.total) return;
    }
    last = now;
    run.emit(evidence::StepProgress{run.index, now.done, now.total, "bytes", now.doing});
  };
}

Outcome run(Run& run, const plans::Flash& step) {
  auto& role = run.role;
  auto* flash = role.board->flash();
  if (flash == nullptr) return lacks(run, "flash");
  const std::string doing = fmt::format("flashing {} to {}", step.artifact, role.board->id());
  const auto job = make_job(run, step);
  if (!job) return from_error(run, job.error(), doing);

  // What is on a disk changes whenever its board runs: it is never taken to be there.
  if (role.board->mux() != nullptr) return flash_disk(run, step, *job, doing);
  if (const auto powered = give_power(run); !powered)
    return from_error(run, powered.error(), "giving power to " + role.board->id());
  // Before reading, too: a flasher may stop the program for it.
  begin_actuation(role, run.interrupts, "flash", false);
  if (const auto wanted = step.again ? std::nullopt : left_by(*job, role.profile())) {
    const auto began = BootTime::now();
    const auto there = is_there(run, *wanted, run.within(read_within));
    if (there && *there) {
      end_actuation(run);
      name_device(run, "flash");
      return already_there(*wanted, BootTime::now() - began);
    }
    if (!there && (there.error().cause == Cause::cancelled || run.wait.until.passed())) {
      end_actuation(run);
      return from_error(run, there.error(), doing);
    }
    if (!there) {
      run.emit(evidence::Note{fmt::format("what is on {} cannot be read back, so {} is written: {}",
                                          role.board->id(), step.artifact, there.error().text)});
    }
  }
  const Duration limit = step.within == Duration::zero() ? flash_within : step.within;
  begin_actuation(role, run.interrupts, "flash", false);
  auto order = role.order(run.within(limit));
  order.progress = progress_events(run);
  const auto done = flash->write(order, *job);
  end_actuation(run);
  name_device(run, "flash");
  return done ? Outcome{} : from_error(run, done.error(), doing);
}

}  // namespace assay::executor
