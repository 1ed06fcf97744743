// Each of these mistakes must be found within so many seeds: some five times as many as it takes
// on average, so that one that is not found was not just unlucky.
#include <gtest/gtest.h>

#include "simulation/simulation.hpp"

namespace assay::simulation {
namespace {

using scheduler::Defect;

struct Known {
  const char* name;
  Mutant mutant;
  std::uint64_t seeds;
};
void PrintTo(const Known& known, std::ostream* out) {
  *out << known.name;
}

class Mutants : public testing::TestWithParam<Known> {};

TEST_P(Mutants, AreFound) {
  for (std::uint64_t seed = 1; seed <= GetParam().seeds; ++seed) {
    const Story story = play(plan(seed), GetParam().mutant);
    if (story.violations.empty()) continue;
    RecordProperty("seed", static_cast<int>(seed));
    std::printf("seed %d: %s\n", static_cast<int>(seed), story.violations.front().c_str());
    return;
  }
  FAIL() << "the checker let it through for " << GetParam().seeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(
    Simulation, Mutants,
    testing::Values(
        Known{"EpochKept", {.scheduler = Defect::epoch_kept}, 5},
        Known{"FreedOnDisconnect", {.scheduler = Defect::freed_on_disconnect}, 1000},
        Known{"LateResultCounted", {.scheduler = Defect::late_result_counted}, 50},
        Known{"FenceForgotten", {.scheduler = Defect::fence_forgotten}, 100},
        Known{"BusyForgotten", {.scheduler = Defect::busy_forgotten}, 100},
        Known{"FailureRetried", {.scheduler = Defect::failure_retried}, 5},
        Known{"GangInParts", {.scheduler = Defect::gang_in_parts}, 5},
        Known{"QuarantineIgnored", {.scheduler = Defect::quarantine_ignored}, 20},
        Known{"CancelForgotten", {.scheduler = Defect::cancel_forgotten}, 10},
        Known{"LeaseEndless", {.scheduler = Defect::lease_endless}, 20},
        Known{"LeaseGivenTwice", {.scheduler = Defect::lease_given_twice}, 20},
        Known{"LimitIgnored", {.scheduler = Defect::limit_ignored}, 20},
        Known{"RetriedForEver", {.scheduler = Defect::retried_for_ever}, 200},
        Known{"ExpiryForgotten", {.scheduler = Defect::expiry_forgotten}, 100},
        Known{"AbsenceBlamed", {.scheduler = Defect::absence_blamed}, 50},
        Known{"FenceByTimeAlone", {.scheduler = Defect::fence_by_time_alone}, 2500},
        Known{"AgentSaysHelloBeforeBoardsAreSafe", {.agent = AgentDefect::safe_after_hello}, 100},
        Known{"AgentIsDoneTooEarly", {.agent = AgentDefect::busy_unsaid}, 200},
        Known{"SentBeforeCommit", {.assayd = AssaydDefect::sent_before_commit}, 100},
        Known{"AnsweredBeforeCommit", {.assayd = AssaydDefect::answered_before_commit}, 100},
        Known{"EndedBeforeCommit", {.assayd = AssaydDefect::ended_before_commit}, 100},
        Known{"NotReloaded", {.assayd = AssaydDefect::not_reloaded}, 100},
        Known{"RequestIdsIgnored", {.assayd = AssaydDefect::request_ids_ignored}, 5}),
    [](const auto& known) { return known.param.name; });

}  // namespace
}  // namespace assay::simulation
