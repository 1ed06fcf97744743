#include "simulation/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace assay::simulation {
namespace {

// `./dev soak simulate --seed N` plays one alone and tells its story.
TEST(Simulation, KeepsItsPromisesWhateverBreaks) {
  std::uint64_t seeds = 300;
  if (const char* given = std::getenv("ASSAY_SEEDS")) seeds = std::strtoull(given, nullptr, 10);
  std::size_t runs = 0, attempts = 0, leases = 0, gangs = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Plan whole = plan(seed);
    const Story story = play(whole);
    ASSERT_THAT(story.violations, testing::IsEmpty()) << "./dev soak simulate --seed " << seed;
    // Not a toy.
    EXPECT_GE(story.events, 200U) << seed;
    EXPECT_GE(story.faults, whole.faults ? 2U : 0U) << seed;
    runs += story.runs;
    attempts += story.attempts;
    leases += story.leases;
    gangs += story.gangs;
  }
  // The trouble is real: a good part of the runs needed more than one attempt.
  EXPECT_GT(attempts, runs + runs / 4);
  EXPECT_GE(leases, 2 * seeds);
  EXPECT_GE(gangs, 4 * seeds);
}

TEST(Simulation, IsTheSameForTheSameSeed) {
  std::set<std::uint64_t> digests;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Story one = play(plan(seed), {}, Telling::noted);
    const Story two = play(plan(seed), {}, Telling::noted);
    ASSERT_EQ(one.digest, two.digest) << seed;
    EXPECT_EQ(one.attempts, two.attempts);
    EXPECT_EQ(one.events, two.events);
    digests.insert(one.digest);
  }
  EXPECT_EQ(digests.size(), 300U);
}

TEST(Simulation, ShrinksAStoryToWhatItTakes) {
  const Mutant mutant{.scheduler = scheduler::Defect::busy_forgotten};
  std::uint64_t seed = 1;
  while (play(plan(seed), mutant).violations.empty()) ++seed;
  const Plan whole = plan(seed), small = shrink(whole, mutant);
  EXPECT_FALSE(play(small, mutant).violations.empty());
  EXPECT_TRUE(play(small).violations.empty());
  EXPECT_LE(small.acts.size(), whole.acts.size() / 2) << "of " << whole.acts.size();
  // Nothing of it can be left out.
  for (std::size_t i = 0; i < small.acts.size(); ++i) {
    Plan less = small;
    less.acts.erase(less.acts.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(play(less, mutant).violations.empty());
  }
}

}  // namespace
}  // namespace assay::simulation
