// Random events and jobs within the limits, for round trips.
#pragma once

#include <rapidcheck.h>

#include "evidence/event.hpp"
#include "plans/job_spec.hpp"

namespace assay::wire::test {

inline std::string word() {
  return *rc::gen::container<std::string>(*rc::gen::inRange(0, 40),
                                          rc::gen::inRange<char>(' ', '~'));
}
inline Duration duration() {
  return Duration(*rc::gen::inRange<std::int64_t>(0, 86'400'000'000'000));
}
inline std::uint64_t number() {
  return *rc::gen::arbitrary<std::uint64_t>();
}
inline std::uint32_t step_index() {
  return *rc::gen::inRange<std::uint32_t>(0, 10'000);
}
inline bool flag() {
  return *rc::gen::arbitrary<bool>();
}
inline int below(int n) {
  return *rc::gen::inRange(0, n);
}
template <class F>
auto some(int most, F make) {
  std::vector<decltype(make())> all;
  for (int n = below(most + 1); n > 0; --n) all.push_back(make());
  return all;
}

inline evidence::Finding finding() {
  return {word(), word(), word(), static_cast<evidence::Finding::Says>(below(3))};
}

inline evidence::Body body() {
  switch (below(10)) {
    case 0:
      return evidence::AttemptStarted{
          *rc::gen::arbitrary<std::int64_t>(), word(), {{"qemu", word()}}};
    case 1:
      return evidence::StepStarted{step_index(), word(), word(), word()};
    case 2:
      return evidence::StepProgress{step_index(), number(), number(), word(), word()};
    case 3:
      return evidence::StepEnded{step_index(), static_cast<evidence::StepState>(below(5)),
                                 word(),       some(4, finding),
                                 number(),     number(),
                                 flag()};
    case 4:
      return evidence::ConsoleBytes{number(), flag(), *rc::gen::arbitrary<Bytes>()};
    case 5:
      return evidence::PowerEdge{flag(), flag()};
    case 6:
      return evidence::ResetPulse{};
    case 7:
      return evidence::Measurement{word(), 0.25 * below(1000), word()};
    case 8:
      return evidence::Note{word()};
    default:
      return evidence::AttemptEnded{static_cast<evidence::Verdict>(below(4)), word(),
                                    *rc::gen::inRange<std::int64_t>(-1, 10'000), flag()};
  }
}

inline evidence::Event event() {
  evidence::Event e;
  e.seq = *rc::gen::inRange<std::uint64_t>(1, UINT64_MAX);
  e.at = duration();
  e.role = word();
  e.board = word();
  e.body = body();
  return e;
}

inline plans::Marker marker() {
  return {word(), word(), word(), flag() ? std::optional(word()) : std::nullopt};
}

inline plans::Profile profile() {
  plans::Profile p;
  p.name = word();
  p.abilities = some(3, word);
  p.flash_base = static_cast<std::uint64_t>(below(1 << 30));
  p.flash_size = static_cast<std::uint64_t>(below(1 << 30));
  p.page_size = 1024;
  p.erased = static_cast<std::uint8_t>(below(256));
  p.slots = some(2, [] { return plans::Slot{word(), 0x8000, 0x1000, 0x400}; });
  p.write_alignment = static_cast<std::uint64_t>(below(64));
  p.markers = some(3, marker);
  p.identity = word();
  p.alive = word();
  p.deadline_factor = 0.5 * (1 + below(20));
  p.power_off_time = duration();
  p.flash_needs_power = flag();
  p.recovery = some(4, [] { return static_cast<plans::Rung>(below(4)); });
  return p;
}

// Only what the kind uses is set: the rest does not travel.
inline images::Derivation derivation() {
  images::Derivation d;
  d.kind = static_cast<images::Derivation::Kind>(below(3));
  if (d.kind == images::Derivation::Kind::flip) {
    d.region = static_cast<images::Derivation::Region>(below(3));
    if (flag()) d.offset = number();
    d.bit = static_cast<std::uint8_t>(below(8));
  }
  if (d.kind == images::Derivation::Kind::truncate) {
    if (flag()) d.keep_bytes = number();
    if (flag()) d.keep_percent = static_cast<std::uint8_t>(below(100));
  }
  return d;
}

inline plans::Action action() {
  switch (below(10)) {
    case 0:
      return plans::Flash{"base", word(), flag(), flag() ? "bad" : "",
                          flag() ? duration() : Duration::zero()};
    case 1:
      return plans::Power{static_cast<plans::Power::To>(below(3))};
    case 2:
      return plans::Reset{};
    case 3:
      return plans::Expect{marker(), flag(), duration()};
    case 4:
      return plans::Update{"bad", static_cast<plans::Update::Until>(below(3)), duration()};
    case 5:
      return plans::Confirm{duration()};
    case 6:
      return plans::Erase{duration()};
    case 7:
      return plans::AssertRunning{"base", flag() ? std::optional(flag()) : std::nullopt,
                                  duration()};
    case 8:
      return plans::CheckBoard{};
    default:
      return plans::Hold{duration()};
  }
}

inline plans::Step step() {
  return {word(), flag() ? "dut" : "peer", word(), word(), action()};
}

inline plans::JobSpec job() {
  plans::JobSpec j;
  j.plan = word();
  j.about = word();
  j.params = {{"boots", word()}, {"a", word()}};
  j.roles = {{"dut", some(3, word), word(), profile()}, {"peer", {}, "", profile()}};
  j.artifacts = {{"base", word(), std::string(64, 'a'), number(), word(), "", {}, word()},
                 {"bad", word(), "", 0, "", "base", some(3, derivation), word()}};
  j.never = some(3, marker);
  j.steps = some(5, step);
  j.finally = some(2, step);
  j.leave_as_is = flag();
  j.deadline = duration();
  return j;
}

}  // namespace assay::wire::test
