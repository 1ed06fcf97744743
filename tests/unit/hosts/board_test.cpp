#include <gmock/gmock.h>

#include <condition_variable>
#include <future>

#include "lab.hpp"

namespace assay::hosts {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;

class Board : public Lab {};

// Incidents as they come.
class Incidents {
 public:
  explicit Incidents(HostedBoard& b) : board_(b) {
    b.on_incident([this](const Incident& i) {
      const std::scoped_lock lock(mutex_);
      seen_.push_back(i);
      changed_.notify_all();
    });
  }
  ~Incidents() { board_.on_incident(nullptr); }
  // The n-th, waited for.
  Incident at(std::size_t n) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return seen_.size() > n; })) {
      return {Incident::Kind::gone, "it did not come"};
    }
    return seen_[n];
  }

 private:
  HostedBoard& board_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Incident> seen_;
};

TEST_F(Board, CarriesOutEveryOperation) {
  const auto b = board(spec());
  EXPECT_EQ(*b->power()->is_on(order()), std::optional(false));
  EXPECT_TRUE(b->power()->on(order()));
  EXPECT_EQ(*b->power()->is_on(order()), std::optional(true));
  EXPECT_TRUE(b->power()->off(order()));
  EXPECT_TRUE(b->flash()->write(order(), {.file = "image.bin"}));
  EXPECT_EQ(**b->flash()->read(order(), 7, 16 << 20), Bytes(16 << 20, 7));
  EXPECT_EQ(*b->flash()->read(order(), 1, 1), std::nullopt);
  EXPECT_TRUE(b->reset()->pulse(order()));
  const auto incidents = b->incidents();
  ASSERT_EQ(incidents.size(), 1U);
  EXPECT_EQ(incidents[0].kind, Incident::Kind::guest_fault);
  EXPECT_EQ(incidents[0].text, "d: lockup at 0x1234");
  EXPECT_TRUE(b->incidents().empty());
}

TEST_F(Board, LacksWhatNoDeviceGives) {
  auto s = spec();
  s.devices[0].abilities = {"power", "flash"};
  const auto b = board(s);
  EXPECT_EQ(b->console(), nullptr);
  EXPECT_EQ(b->reset(), nullptr);
  EXPECT_EQ(b->add_tap([](const auto&) {}), 0U);
  EXPECT_EQ(b->check("console", order()).error().text,
            "board b1 has no 'console', it has flash, power");
}

TEST_F(Board, ChecksAnAbilityInItsHost) {
  const auto b = board(spec());
  EXPECT_EQ(b->check("power", order()).value(), abilities::Health::proven);
  EXPECT_EQ(b->check("console", order()).value(), abilities::Health::unproven);
  const auto flash = b->check("flash", order());
  EXPECT_EQ(flash.error().cause, Cause::device);
  EXPECT_EQ(flash.error().text, "the probe is loose: push it in");
}

TEST_F(Board, MuxOfAHostIsSwitchedAndRead) {
  auto s = spec();
  EXPECT_EQ(board(s)->mux(), nullptr);
  s.devices = {{"mux", "test", {"mux", "flash"}, "{}"}};
  const auto b = board(s);
  using Side = abilities::Mux::Side;
  ASSERT_NE(b->mux(), nullptr);
  const auto unread = b->mux()->side(order());
  ASSERT_TRUE(unread);
  EXPECT_EQ(*unread, std::nullopt);  // which is neither side
  ASSERT_TRUE(b->mux()->to(order(), Side::dut));
  EXPECT_EQ(b->mux()->side(order()).value(), Side::dut);
  ASSERT_TRUE(b->mux()->to(order(), Side::host));
  EXPECT_EQ(b->mux()->side(order()).value(), Side::host);
  EXPECT_TRUE(b->flash()->write(order(), {.file = "map", .map = "/x/card.bmap"}));
}

TEST_F(Board, TwoDevicesMayNotGiveTheSameAbility) {
  auto s = spec();
  s.devices.push_back({"relay", "test", {"power"}, "{}"});
  const auto made = HostedBoard::make(*launcher_, s);
  EXPECT_EQ(made.error().cause, Cause::invalid);
  EXPECT_EQ(made.error().text,
            "board b1: devices 'd' and 'relay' both give 'power': leave it to one");
}

TEST_F(Board, RefusesAnOldEpoch) {
  auto s = spec();
  s.floor = 4;
  s.devices = {{"relay", "test", {"power"}, "{}"}, {"probe", "test", {"flash"}, "{}"}};
  const auto b = board(s);
  const std::string with =
      "board b1: power is_on with epoch 3 refused, epoch 4 has the board now: lease it anew";
  EXPECT_EQ(b->power()->is_on(order(3)).error().text, with);
  EXPECT_TRUE(b->power()->is_on(order(6)));
  EXPECT_EQ(b->power()->on(order(5)).error().cause, Cause::refused);
  // Another device of the same board, which has seen none of it.
  EXPECT_EQ(b->flash()->write(order(5), {.file = "x"}).error().cause, Cause::refused);
  b->raise_floor(9);
  EXPECT_EQ(b->check("power", order(8)).error().text,
            "board b1: power check with epoch 8 refused, epoch 9 has the board now: lease it anew");
  EXPECT_TRUE(b->power()->on(order(9)));
}

TEST_F(Board, TheHostItselfRefusesAnOldEpoch) {
  auto [ours, theirs] = *make_socket_pair();
  const auto host = launcher_->start({HOST_PROGRAM}, theirs, seconds(20));
  ASSERT_TRUE(host) << host.error().text;
  const auto ask = [&, fd = ours.get()](const ToHost& message) {
    EXPECT_TRUE(write_all(fd, *encode(message), seconds(20)));
    Decoder decoder;
    Bytes piece(4096);
    while (true) {
      piece.resize(4096);
      piece.resize(*read_some(fd, piece, seconds(20)));
      decoder.feed(piece);
      auto answer = *decoder.next_to_agent();
      if (answer) return std::get<Reply>(*answer).value;
    }
  };
  EXPECT_TRUE(ask(Configure{"b1", "d", "test", "{}", folder_.path(), 5}));
  const auto below_floor =
      ask(Request{.id = 1, .ability = "power", .operation = "is_on", .epoch = 4});
  EXPECT_EQ(below_floor.error().text,
            "board b1: power is_on with epoch 4 refused, epoch 5 has the board now: lease it anew");
  EXPECT_TRUE(ask(Request{.id = 2, .ability = "power", .operation = "on", .epoch = 8}));
  EXPECT_EQ(
      ask(Request{.id = 3, .ability = "power", .operation = "check", .epoch = 7}).error().cause,
      Cause::refused);
  EXPECT_EQ(ask(Request{.id = 4, .ability = "power", .operation = "fly", .epoch = 8}).error().text,
            "this device has no operation 'power fly'");
}

TEST_F(Board, AHostThatHangsIsKilledAtTheDeadlineAndOthersAreUndisturbed) {
  const auto b = board(spec()), other = board(spec("b2"));
  Incidents incidents(*b);
  ASSERT_TRUE(b->power()->on(order()));
  ASSERT_TRUE(other->power()->on(order()));
  const auto other_host = other->host_pids()[0].second;
  const UniqueFd host = hold(b->host_pids()[0].second);
  auto hung = hanging(*b, {1, Wait::for_(std::chrono::milliseconds(500))});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*other->power()->is_on(order()), std::optional(true));
  const auto result = hung.get();
  EXPECT_EQ(result.error().cause, Cause::timeout);
  EXPECT_THAT(result.error().text,
              MatchesRegex("board b1, device d: flash write was not answered by its deadline: its "
                           "host \\(process [0-9]+\\) is killed and started anew"));
  EXPECT_TRUE(gone_within(host, std::chrono::seconds(2)));
  EXPECT_EQ(incidents.at(0).kind, Incident::Kind::gone);
  EXPECT_THAT(incidents.at(0).text, HasSubstr("d: flash write was not answered by its deadline"));
  // A new one serves, in its initial state.
  EXPECT_EQ(*b->power()->is_on(order()), std::optional(false));
  EXPECT_EQ(incidents.at(1).kind, Incident::Kind::back);
  EXPECT_EQ(other->host_pids()[0].second, other_host);
  EXPECT_TRUE(other->incidents().empty());
}

TEST_F(Board, AStopEndsAnOperationThatHangs) {
  const auto b = board(spec());
  ASSERT_TRUE(b->power()->on(order()));
  std::stop_source stop;
  auto hung = hanging(*b, {1, {Deadline::never(), stop.get_token()}});
  // The next one waits for its turn, and leaves without harm.
  const auto waiting = b->power()->is_on({1, Wait::for_(std::chrono::milliseconds(10))});
  EXPECT_EQ(waiting.error().cause, Cause::timeout);
  EXPECT_EQ(
      waiting.error().text,
      "board b1, device d: power is_on ran out of time while it waited for 'flash write' to end");
  EXPECT_TRUE(b->incidents().empty());
  stop.request_stop();
  const auto result = hung.get();
  EXPECT_EQ(result.error().cause, Cause::cancelled);
  EXPECT_THAT(result.error().text, HasSubstr("flash write was cancelled: its host (process "));
  EXPECT_EQ(*b->power()->is_on(order()), std::optional(false));
}

TEST_F(Board, TellsHowFarAnOperationIsBeforeItReturns) {
  const auto b = board(spec());
  std::vector<abilities::Progress> seen;
  Order with = order();
  with.progress = [&](const abilities::Progress& p) { seen.push_back(p); };
  ASSERT_TRUE(b->flash()->write(with, {.file = "progress"}));
  // 100,001 times said, some five of them a second sent.
  ASSERT_GE(seen.size(), 3U);
  EXPECT_LT(seen.size(), 1000U);
  EXPECT_EQ(seen.front().doing, "writing");
  EXPECT_EQ(seen.front().done, 0U);
  EXPECT_EQ(seen.back().doing, "reading back");
  EXPECT_EQ(seen.back().total, 100'000U);
  // Nobody wants to know.
  EXPECT_TRUE(b->flash()->write(order(), {.file = "progress"}));
}

// The callback may live on the caller's stack.
TEST_F(Board, NobodyIsToldOnceTheCallHasReturned) {
  const auto b = board(spec());
  std::promise<void> told, go_on;
  bool over = false, told_late = false;
  Order with{1, Wait::for_(std::chrono::milliseconds(100))};
  with.progress = [&](const abilities::Progress& p) {
    EXPECT_EQ(p.doing, "hanging");
    told.set_value();
    go_on.get_future().wait();
    told_late = over;
  };
  auto hung = std::async(std::launch::async, [&] {
    const auto result = b->flash()->write(with, {.file = "hang"});
    over = true;
    return result;
  });
  told.get_future().wait();
  // Its deadline passes while it is being told.
  EXPECT_EQ(b->power()->is_on(order()).error().cause, Cause::unavailable);
  go_on.set_value();
  EXPECT_EQ(hung.get().error().cause, Cause::timeout);
  EXPECT_FALSE(told_late);
}

TEST_F(Board, ANewerEpochEndsAnOperationOfAnOlderOne) {
  const auto b = board(spec());
  ASSERT_TRUE(b->power()->on(order(1)));
  auto hung = hanging(*b, order(1));
  b->raise_floor(2);
  EXPECT_EQ(hung.get().error().cause, Cause::refused);
  EXPECT_EQ(*b->power()->is_on(order(2)), std::optional(false));
}

TEST_F(Board, AKilledHostIsUnavailableAndGoneThenBack) {
  const auto b = board(spec());
  Incidents incidents(*b);
  ASSERT_TRUE(b->power()->on(order()));
  const pid_t pid = b->host_pids()[0].second;
  auto hung = hanging(*b, order());
  ASSERT_EQ(::kill(pid, SIGKILL), 0);
  const auto result = hung.get();
  EXPECT_EQ(result.error().cause, Cause::unavailable);
  const std::string why =
      fmt::format("its host (process {}) ended: killed by signal 9 (Killed)", pid);
  EXPECT_EQ(result.error().text, "board b1, device d: flash write: " + why);
  EXPECT_EQ(incidents.at(0).kind, Incident::Kind::gone);
  EXPECT_EQ(incidents.at(0).text, "d: " + why);
  EXPECT_EQ(incidents.at(1).kind, Incident::Kind::back);
  EXPECT_EQ(incidents.at(1).text, "d: its host serves again");
  EXPECT_TRUE(b->power()->on(order()));
}

TEST_F(Board, ACrashSaysHowTheHostEnded) {
  const auto b = board(spec());
  EXPECT_THAT(b->flash()->write(order(), {.file = "crash"}).error().text,
              HasSubstr("ended: killed by signal 6 (Aborted)"));
  EXPECT_THAT(b->flash()->write(order(), {.file = "exit"}).error().text,
              HasSubstr("ended: exit status 7"));
  EXPECT_TRUE(b->power()->on(order()));
}

// Whoever judges a failed call asks for the incidents then: one that came later
// would turn the product's lockup into a lab error.
TEST_F(Board, ALockupIsKnownBeforeTheErrorThatItCaused) {
  const auto b = board(spec());
  for (int i = 0; i < 200; ++i) {
    const auto result = b->flash()->write(order(), {.file = "lockup"});
    const auto incidents = b->incidents();
    ASSERT_EQ(result.error().text, "the tool lost its target");
    ASSERT_EQ(incidents.size(), 1U) << "call " << i;
    ASSERT_EQ(incidents[0].kind, Incident::Kind::guest_fault);
  }
}

TEST_F(Board, ADeviceThatIsNotThereSaysSo) {
  auto s = spec();
  s.devices[0].driver = "absent";
  const auto b = board(s);
  const auto result = b->power()->on(order());
  EXPECT_EQ(result.error().cause, Cause::unavailable);
  EXPECT_EQ(result.error().text, "board b1, device d: /dev/ttyUSB7 does not exist: plug it in");
  s = spec("b2");
  s.devices[0].driver = "crashing";
  EXPECT_THAT(
      board(s)->wait_serving(seconds(20)).error().text,
      MatchesRegex("board b2, device d: its host \\(process [0-9]+\\) ended: exit status 9"));
  s.host_argv = {"/nowhere/assay-host"};
  EXPECT_EQ(
      board(s)->wait_serving(seconds(20)).error().text,
      "board b2, device d: start a device host: /nowhere/assay-host: No such file or directory");
}

TEST_F(Board, RestartsOnRequestWithoutIncidents) {
  const auto b = board(spec());
  ASSERT_TRUE(b->power()->on(order(7)));
  const pid_t before = b->host_pids()[0].second;
  ASSERT_TRUE(b->restart(seconds(20)));
  EXPECT_NE(b->host_pids()[0].second, before);
  EXPECT_EQ(*b->power()->is_on(order(7)), std::optional(false));
  EXPECT_EQ(b->power()->is_on(order(6)).error().cause, Cause::refused);
  EXPECT_TRUE(b->incidents().empty());
}

// Everything heard, as text.
class Heard {
 public:
  abilities::Console::Sink sink(Duration slowness = {}) {
    return [this, slowness](const abilities::ConsoleChunk& chunk) {
      if (slowness > Duration{}) std::this_thread::sleep_for(slowness);
      const std::scoped_lock lock(mutex_);
      if (chunk.at < last_) ordered_ = false;
      last_ = chunk.at;
      text_ += as_text(chunk.bytes);
      changed_.notify_all();
    };
  }
  std::string wait(std::size_t size) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(60), [&] { return text_.size() >= size; });
    EXPECT_TRUE(ordered_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  BootTime last_;
  bool ordered_ = true;
};

std::string sequence(int n) {
  std::string text;
  for (int i = 1; i <= n; ++i) text += std::to_string(i) + "\n";
  return text;
}

TEST_F(Board, AFloodIsCompleteAndInOrderWithASlowListener) {
  const auto b = board(spec());
  Heard heard, tapped;
  b->console()->listen(heard.sink(std::chrono::milliseconds(2)));
  const auto tap = b->add_tap(tapped.sink());
  const std::string expected = sequence(1'500'000);  // 10.9 MB
  ASSERT_TRUE(b->console()->write(order(), as_bytes("seq 1500000")));
  EXPECT_TRUE(heard.wait(expected.size()) == expected);
  EXPECT_TRUE(tapped.wait(expected.size()) == expected);
  b->remove_tap(tap);
  ASSERT_TRUE(b->console()->write(order(), as_bytes("more")));
  EXPECT_TRUE(heard.wait(expected.size() + 4) == expected + "more");
  EXPECT_TRUE(tapped.wait(0) == expected);
  b->console()->listen(nullptr);
}

TEST_F(Board, WhatCameBeforeTheListenerComesFirst) {
  const auto b = board(spec());
  ASSERT_TRUE(b->console()->write(order(), as_bytes("boot\n")));
  ASSERT_TRUE(b->console()->write(order(), as_bytes("ready\n")));
  Heard heard;
  b->console()->listen(heard.sink());
  EXPECT_EQ(heard.wait(11), "boot\nready\n");
  b->console()->listen(nullptr);
}

}  // namespace
}  // namespace assay::hosts
