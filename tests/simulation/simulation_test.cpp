#include "simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace assay::simulation {
namespace {

using scheduler::Defect;

// ASSAY_SEED=n plays that one alone.
TEST(Simulation, KeepsItsPromisesWhateverBreaks) {
  std::uint64_t first = 1, last = 1000;
  if (const char* seed = std::getenv("ASSAY_SEED")) first = last = std::strtoull(seed, nullptr, 10);
  if (const char* seeds = std::getenv("ASSAY_SEEDS")) last = std::strtoull(seeds, nullptr, 10);
  std::size_t runs = 0, attempts = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const Story story = simulate(seed);
    runs += story.runs;
    attempts += story.attempts;
    ASSERT_THAT(story.violations, testing::IsEmpty()) << "ASSAY_SEED=" << seed << " plays it again";
  }
  // The trouble is real: a good part of the runs needed more than one attempt.
  EXPECT_GT(attempts, runs + runs / 4);
}

TEST(Simulation, IsTheSameForTheSameSeed) {
  const Story one = simulate(7, {.scheduler = Defect::freed_on_disconnect}),
              two = simulate(7, {.scheduler = Defect::freed_on_disconnect});
  EXPECT_EQ(one.violations, two.violations);
  EXPECT_EQ(one.attempts, two.attempts);
}

// Each of these mistakes must be found within so many seeds.
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
    const Story story = simulate(seed, GetParam().mutant);
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
        Known{"FreedOnDisconnect", {.scheduler = Defect::freed_on_disconnect}, 100},
        Known{"LateResultCounted", {.scheduler = Defect::late_result_counted}, 50},
        Known{"FenceForgotten", {.scheduler = Defect::fence_forgotten}, 300},
        Known{"BusyForgotten", {.scheduler = Defect::busy_forgotten}, 50},
        Known{"FailureRetried", {.scheduler = Defect::failure_retried}, 5},
        Known{"AgentCountsItsLeaseFromReceipt", {.agent = AgentDefect::lease_from_receipt}, 300},
        Known{"AgentSaysHelloBeforeBoardsAreSafe", {.agent = AgentDefect::safe_after_hello}, 50}),
    [](const auto& known) { return known.param.name; });

}  // namespace
}  // namespace assay::simulation
