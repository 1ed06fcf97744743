#include "simulation/machine_clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::simulation {
namespace {

using testing::ElementsAre;

struct MachineClocks : testing::Test {
  void run(Duration time) {
    world.run_until(world.now() + time, [] {});
  }
  void at(Duration time, std::function<void()> what) { world.after(time, std::move(what)); }
  // What the clock of a machine says after each second.
  std::vector<std::int64_t> seconds(const MachineClock& clock, int count) {
    std::vector<std::int64_t> said;
    const BootTime began = clock.now();
    for (int i = 0; i < count; ++i) {
      run(1s);
      said.push_back((clock.now() - began) / 1s);
    }
    return said;
  }
  World world{1, false, Telling::none};
};

TEST_F(MachineClocks, StandStillWhileTheMachineDoes) {
  MachineClock clock(world);
  at(1s, [&] { clock.freeze(3s); });
  EXPECT_THAT(seconds(clock, 6), ElementsAre(1, 1, 1, 1, 2, 3));
}

TEST_F(MachineClocks, CountFreezesThatOverlapOnce) {
  MachineClock clock(world);
  at(1s, [&] { clock.freeze(4s); });
  at(2s, [&] { clock.freeze(1s); });  // within the first
  at(4s, [&] { clock.freeze(3s); });  // beyond it
  at(9s, [&] { clock.freeze(1s); });
  EXPECT_THAT(seconds(clock, 11), ElementsAre(1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 4));
}

TEST_F(MachineClocks, NeverGoBack) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed, "freezes");
    MachineClock clock(world, seed % 2 == 0 ? 1.0003 : 0.9997);
    for (int i = 0; i < 20; ++i)
      at(random.between(0s, 100s), [&clock, d = random.between(0s, 20s)] { clock.freeze(d); });
    BootTime last = clock.now();
    const BootTime world_began = world.now(), began = last;
    Duration frozen{};
    for (int i = 0; i < 1500; ++i) {
      const bool stood = clock.frozen();
      run(100ms);
      ASSERT_GE(clock.now(), last) << seed;
      if (stood && clock.frozen()) frozen += clock.now() - last;
      last = clock.now();
    }
    EXPECT_LT(last - began, world.now() - world_began);
    // At most where one freeze ended and the next began between two looks.
    EXPECT_LT(frozen, 1s) << seed;
  }
}

TEST_F(MachineClocks, RingByTheirOwnTimeAndNotInAFreeze) {
  MachineClock clock(world, 1.0003);
  std::vector<std::int64_t> rang;
  const BootTime began = world.now();
  const auto note = [&] {
    EXPECT_FALSE(clock.frozen());
    rang.push_back((world.now() - began) / 1ms);
  };
  clock.after(1s, note);
  clock.after(5s, note);
  at(2s, [&] {
    clock.freeze(4s);
    clock.after(0s, note);  // as of a process that ends just then
    clock.after(1s, note);
  });
  run(20s);
  EXPECT_THAT(rang, ElementsAre(999, 6000, 6999, 8998));
}

}  // namespace
}  // namespace assay::simulation
