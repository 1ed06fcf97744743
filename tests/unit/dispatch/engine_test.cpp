#include "dispatch/engine.hpp"

#include <gtest/gtest.h>

#include "link.hpp"

namespace assay::dispatch {
namespace {

using namespace std::chrono_literals;

// With a board that ann has leased for half an hour.
struct Engines : testing::Test {
  Engines() {
    EXPECT_TRUE(engine->core().hello(agent("lab", "i1", 1), now, engine->changes()));
    NewRun lease = a_run();
    lease.hold = scheduler::Hold{"ann", 30min, {}};
    EXPECT_TRUE(engine->submit(lease));
    const Pending pending = engine->take(now);
    EXPECT_TRUE(engine->commit(pending));
    engine->committed(pending);
  }
  void pass(std::chrono::minutes time) {
    now = now + time;
    wall += std::chrono::microseconds(time).count();
  }
  Duration left() const { return engine->core().boards(now).at(0).left; }

  BootTime now{1'000'000'000};
  std::int64_t wall = 5'000'000'000;
  std::unique_ptr<store::Store> store = store::open_memory();
  std::unique_ptr<Engine> engine = Engine::load(*store, {}, now, [this] { return wall; }).value();
};

TEST_F(Engines, StoreTimesByTheirWallClock) {
  const store::RunRow row = store->run(1).value().value();
  EXPECT_EQ(row.submitted, 5'000'000'000);
  EXPECT_EQ(row.started, 5'000'000'000);
  EXPECT_EQ(row.until, 5'000'000'000 + 1'800'000'000);
}

TEST_F(Engines, ReloadALeaseWithTheTimeThatIsLeft) {
  pass(10min);
  engine->failed(now);
  EXPECT_EQ(left(), 20min);
}

TEST_F(Engines, ReloadALeaseWithNoMoreThanItsLengthWhenTheWallClockWasSetBack) {
  pass(10min);
  wall -= 3'600'000'000;
  engine->failed(now);
  EXPECT_EQ(left(), 30min);
  engine->core().settle(now + 29min, engine->changes());
  EXPECT_TRUE(engine->take(now + 29min).batch.runs.empty());
  EXPECT_EQ(engine->take(now + 30min).batch.runs.at(0).state, "ended");
}

}  // namespace
}  // namespace assay::dispatch
