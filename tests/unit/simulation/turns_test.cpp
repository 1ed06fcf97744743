#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulation/turns.hpp"

namespace assay::simulation {
namespace {

using scheduler::Defect;

TEST(Order, IsAsStatedWhereThereIsMoreWorkThanBoards) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    ASSERT_THAT(play_turns(seed, Defect::none), testing::IsEmpty()) << seed;
}

class OrderMutants : public testing::TestWithParam<Defect> {};

TEST_P(OrderMutants, AreFoundByTheFirstSeed) {
  const auto wrong = play_turns(1, GetParam());
  ASSERT_THAT(wrong, testing::Not(testing::IsEmpty()));
  std::printf("%s\n", wrong.front().c_str());
}

INSTANTIATE_TEST_SUITE_P(Simulation, OrderMutants,
                         testing::Values(Defect::ageing_dropped, Defect::share_dropped,
                                         Defect::gang_not_reserved));

}  // namespace
}  // namespace assay::simulation
