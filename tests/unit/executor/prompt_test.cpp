// What has no line end is a prompt, once the console is quiet.
#include "bench.hpp"

namespace assay::executor::test {

using evidence::Verdict;

TEST_F(Bench, PromptIsSeenOnceTheConsoleIsQuiet) {
  started().add(plans::Expect{{"login", "login: $", "", {}}, false, std::chrono::seconds(20)});
  std::jthread getty([&] {
    events.wait_for_step(3);
    // After a line, when it is waited for already.
    board.say("a board of ours\r\n");
    board.drain();
    board.say("\rboard login: ");
  });
  EXPECT_EQ(run().verdict, Verdict::passed) << events.ended(3).sentence;
  EXPECT_EQ(events.ended(3).findings.at(0).observed, "board login: ");
}

TEST_F(Bench, LineThatGoesOnIsNoPrompt) {
  started().add(plans::Expect{{"login", "login: $", "", {}}, false, 20 * soon});
  std::jthread getty([&] {
    events.wait_for_step(3);
    board.say("last login: ");
    board.say("yesterday\r\n");
  });
  EXPECT_EQ(run().verdict, Verdict::failed);
}

}  // namespace assay::executor::test
