#include "simulation/standstill.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::simulation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Standstills : testing::Test {
  // A message that comes at that time.
  void message(Duration at, const std::string& name) {
    world.after(at, [this, name] { read(name); });
  }
  void read(const std::string& name) {
    if (process.postponed([this, name] { read(name); })) return;
    done.push_back(name + " at " + std::to_string((world.now() - began) / 1s));
  }
  void stop(Duration at, Duration length) {
    world.after(at, [this, length] { process.stop(length); });
  }
  void run() {
    world.run_until(began + 1min, [] {});
  }
  World world{1, false, Telling::none};
  const BootTime began = world.now();
  Standstill process{world};
  std::vector<std::string> done;
};

TEST_F(Standstills, AreReadInOrderHoweverOftenTheProcessIsStopped) {
  message(1s, "a");
  stop(2s, 10s);
  message(3s, "b");
  stop(4s, 20s);
  message(5s, "c");
  message(24s, "d");  // just when it goes on
  message(25s, "e");
  run();
  EXPECT_THAT(done, ElementsAre("a at 1", "b at 24", "c at 24", "d at 24", "e at 25"));
}

TEST_F(Standstills, TakeNothingIntoTheNextLife) {
  stop(1s, 10s);
  message(2s, "a");
  world.after(3s, [this] { process.reset(); });
  message(4s, "b");
  stop(5s, 10s);
  message(6s, "c");
  run();
  EXPECT_THAT(done, ElementsAre("b at 4", "c at 15"));
}

TEST_F(Standstills, EndWithAProcessThatDiesOfWhatItReads) {
  stop(1s, 10s);
  world.after(2s, [this] { EXPECT_TRUE(process.postponed([this] { process.reset(); })); });
  message(3s, "a");
  run();
  EXPECT_THAT(done, IsEmpty());
}

}  // namespace
}  // namespace assay::simulation
