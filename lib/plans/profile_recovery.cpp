#include "plans/profile_recovery.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "plans/shipped.hpp"

namespace assay::plans {

namespace {

// In the order of Rung.
const std::array<std::string, 4> rungs = {"reset-probe", "power-cycle", "hub-cycle", "golden"};
constexpr Duration least_every = std::chrono::minutes(1);

}  // namespace

const std::string& name_of(Rung rung) {
  return rungs.at(static_cast<std::size_t>(rung));
}

void read_recovery(Reader& reader, const Node* node, Profile& profile) {
  if (node == nullptr) {
    profile.recovery = {Rung::reset_probe, Rung::power_cycle, Rung::hub_cycle, Rung::golden};
    return;
  }
  if (reader.sequence(*node, "the rungs of the recovery ladder (a list)") == nullptr) return;
  for (const Node& item : node->items) {
    const auto name = reader.one_of(item, rungs);
    if (!name) continue;
    const auto rung =
        static_cast<Rung>(std::find(rungs.begin(), rungs.end(), *name) - rungs.begin());
    if (std::find(profile.recovery.begin(), profile.recovery.end(), rung) != profile.recovery.end())
      reader.wrong(item.place, fmt::format("'{}' is listed twice", *name));
    else
      profile.recovery.push_back(rung);
  }
}

void read_health(Reader& reader, const Node* node, Profile& profile) {
  if (node == nullptr) return;
  Keys keys(reader, *node, "'health'");
  auto& health = profile.health;
  if (const Node* plan = keys.need("plan")) {
    health.plan = reader.text(*plan, "a plan's name").value_or("");
    const auto known = shipped_plans();
    if (!health.plan.empty() && !known.empty() &&
        std::find(known.begin(), known.end(), health.plan) == known.end()) {
      reader.wrong(plan->place, fmt::format("no plan '{}'{}", printable(health.plan),
                                            did_you_mean(health.plan, known)));
    }
  }
  if (const Node* every = keys.find("every")) {
    health.every = reader.duration(*every).value_or(health.every);
    if (health.every < least_every) reader.wrong(every->place, "at least 1m");
  }
  if (const Node* start = keys.find("at-start"))
    health.at_start = reader.truth(*start).value_or(health.at_start);
  if (const Node* after = keys.find("after-lab-error"))
    health.after_lab_error = reader.truth(*after).value_or(health.after_lab_error);
  keys.done();
}

}  // namespace assay::plans
