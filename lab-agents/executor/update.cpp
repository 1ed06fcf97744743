// Steps over SMP on the console's serial line: update, confirm, erase. Bytes
// under test are never prejudged: whatever the artifact holds goes to the device.
#include <fmt/core.h>

#include "executor/smp_words.hpp"
#include "executor/step.hpp"

namespace assay::executor {

using evidence::Finding;
using evidence::StepState;

namespace {

Outcome no_console(const Run& run) {
  return {.state = StepState::lab_error,
          .sentence = run.role.board->id() + " has no console ability to speak SMP over"};
}

Outcome disagrees(const std::string& expected, const std::string& observed,
                  const std::string& sentence) {
  return {.state = StepState::failed,
          .sentence = sentence,
          .findings = {{"smp", expected, observed, Finding::Says::disagrees}}};
}

std::string flags(const smp::ImageSlot& slot) {
  std::vector<std::string> all;
  if (slot.active) all.emplace_back("active");
  if (slot.pending) all.emplace_back("pending");
  if (slot.permanent) all.emplace_back("permanent");
  if (slot.confirmed) all.emplace_back("confirmed");
  return all.empty() ? "no flags" : listed(all);
}

// What must hold once the device has the image: it lists it, and as marked.
Outcome mark(Run& run, smp::Client& client, const plans::Update& step, ByteView bytes,
             const Wait& wait) {
  const auto limit = run.limit_words(step.within, wait);
  const auto listing = client.images(wait);
  if (!listing) return from_smp_error(run, listing.error(), "the request for its images", limit);
  const auto* stored = other(*listing);
  const auto own = images::parse_mcuboot(bytes);
  const auto expected =
      own ? version_and_hash("v" + to_string(own->header.version), own->stored_hash)
          : step.artifact;
  if (stored == nullptr || stored->hash.empty()) {
    return disagrees(expected, "no image in the secondary slot",
                     fmt::format("the device took {} but lists no image in its secondary slot, so "
                                 "nothing can be marked for a boot",
                                 step.artifact));
  }
  const auto observed = version_and_hash("v" + stored->version, stored->hash);
  if (own && !own->stored_hash.empty() && own->stored_hash != stored->hash) {
    return disagrees(
        expected, observed,
        fmt::format("the device took {}, but lists {} in its secondary slot instead of {}",
                    step.artifact, observed, expected));
  }
  const bool test = step.until == plans::Update::Until::pending;
  const Bytes hash = stored->hash;
  auto marked = test ? client.test(hash, wait) : client.confirm(hash, wait);
  const std::string doing =
      fmt::format("marking {} {}", step.artifact, test ? "for a test boot" : "for good");
  if (!marked) return from_smp_error(run, marked.error(), doing, limit);
  if (marked->empty()) marked = client.images(wait);  // a terse answer
  if (!marked) return from_smp_error(run, marked.error(), "the request for its images", limit);
  const auto* now = other(*marked);
  const bool as_asked =
      now != nullptr && now->hash == hash && now->pending && (test || now->permanent);
  const std::string want = test ? "pending" : "pending and permanent";
  if (!as_asked) {
    const auto shown =
        now == nullptr ? "no image in the secondary slot" : observed + ", " + flags(*now);
    return disagrees(expected + ", " + want, shown,
                     fmt::format("the device accepted {}, but then says {}", doing, shown));
  }
  return {.findings = {{"smp", expected + ", " + want, observed + ", " + flags(*now),
                        Finding::Says::agrees}}};
}

}  // namespace

Outcome run(Run& run, const plans::Update& step) {
  if (run.role.board->console() == nullptr) return no_console(run);
  const std::string doing = "the upload of " + step.artifact;
  const auto bytes = run.artifacts.bytes(step.artifact);
  if (!bytes) return from_error(run, bytes.error(), doing);

  const Wait wait = run.within(step.within);
  smp::Client client(run.role.console->smp());
  // Some twenty steps are enough for an eye, and none is worth a slow event stream.
  std::size_t reported = 0;
  const auto progress = [&](std::size_t done, std::size_t all) {
    if (done < all && done < reported + all / 20) return;
    if (done == all && reported == all) return;
    reported = done;
    run.emit(evidence::StepProgress{run.index, done, all, "bytes"});
  };
  const auto sent =
      client.upload(*bytes, {.image = 0, .upgrade_only = false, .progress = progress}, wait);
  if (!sent) return from_smp_error(run, sent.error(), doing, run.limit_words(step.within, wait));
  if (step.until == plans::Update::Until::uploaded) return {};
  return mark(run, client, step, *bytes, wait);
}

Outcome run(Run& run, const plans::Confirm& step) {
  if (run.role.board->console() == nullptr) return no_console(run);
  const Wait wait = run.within(step.within);
  smp::Client client(run.role.console->smp());
  auto slots = client.confirm({}, wait);
  if (slots && slots->empty()) slots = client.images(wait);
  if (!slots) {
    return from_smp_error(run, slots.error(), "the confirmation",
                          run.limit_words(step.within, wait));
  }
  const auto* active = running(*slots);
  const auto observed = active == nullptr ? "no active image"
                                          : version_and_hash("v" + active->version, active->hash) +
                                                ", " + flags(*active);
  if (active == nullptr || !active->confirmed) {
    return disagrees("confirmed", observed,
                     "the device accepted the confirmation, but then says " + observed);
  }
  return {.findings = {{"smp", "confirmed", observed, Finding::Says::agrees}}};
}

Outcome run(Run& run, const plans::Erase& step) {
  if (run.role.board->console() == nullptr) return no_console(run);
  const Wait wait = run.within(step.within);
  const auto done = smp::Client(run.role.console->smp()).erase(std::nullopt, wait);
  if (!done) {
    return from_smp_error(run, done.error(), "the erase of the secondary slot",
                          run.limit_words(step.within, wait));
  }
  return {};
}

}  // namespace assay::executor
