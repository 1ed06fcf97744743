#include "plan.hpp"

#include <algorithm>

#include "world.hpp"

namespace assay::simulation {

static constexpr Duration trouble = 120s;

std::string_view word(Act::Kind kind) {
  static constexpr std::string_view words[] = {
      "submit",       "cancel",       "lease",        "quarantine",  "break_line",
      "break_way",    "stall_agent",  "freeze_agent", "crash_agent", "lose_agent",
      "crash_assayd", "stall_assayd", "freeze_assayd"};
  return words[static_cast<std::size_t>(kind)];
}

bool is_fault(Act::Kind kind) {
  return kind >= Act::Kind::break_line;
}

Plan plan(std::uint64_t seed) {
  using Kind = Act::Kind;
  Random random(seed, "plan");
  Plan plan{seed, true, {}};
  // Where nothing breaks, nothing but the truth may come out.
  plan.faults = random.pick(1, 10) != 1;
  const auto add = [&](Kind kind, Duration from, Duration to) {
    plan.acts.push_back({kind, random.between(from, to), random.next()});
  };
  for (int i = 0; i < 16; ++i) add(Kind::submit, 0s, trouble - 10s);
  for (int i = 0; i < 2; ++i) add(Kind::lease, 1s, trouble - 30s);
  for (int i = 0; i < 3; ++i) add(Kind::cancel, 5s, trouble);
  add(Kind::quarantine, 1s, trouble);
  if (plan.faults) {
    static constexpr Kind kinds[] = {Kind::break_line,   Kind::break_line,   Kind::break_way,
                                     Kind::break_way,    Kind::stall_agent,  Kind::stall_agent,
                                     Kind::crash_agent,  Kind::crash_agent,  Kind::crash_agent,
                                     Kind::freeze_agent, Kind::lose_agent,   Kind::crash_assayd,
                                     Kind::stall_assayd, Kind::stall_assayd, Kind::freeze_assayd};
    const std::int64_t faults = random.pick(2, 10);
    for (std::int64_t i = 0; i < faults; ++i)
      add(kinds[random.pick(0, std::size(kinds) - 1)], 1s, trouble);
  }
  std::stable_sort(plan.acts.begin(), plan.acts.end(),
                   [](const Act& a, const Act& b) { return a.at < b.at; });
  return plan;
}

}  // namespace assay::simulation
