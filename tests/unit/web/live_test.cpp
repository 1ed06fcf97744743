// Live streams as a reader sees them.
#include "fixture.hpp"
#include "stream.hpp"

namespace assay::web::test {
namespace {

using nlohmann::json;

std::string line(const json& lines, std::size_t i) {
  return lines["lines"][i]["text"];
}

TEST_F(WebTest, TellsARunToItsEnd) {
  begin_run();
  console("one\r\ntwo\r\nthr");
  Stream stream(port(), "/api/v1/live/runs/r1");
  EXPECT_EQ(stream.head["Content-Type"], "text/event-stream");
  EXPECT_EQ(stream.head["Cache-Control"], "no-store");
  const Said run = stream.next();
  EXPECT_EQ(run.name, "run");
  EXPECT_EQ(run.data["run"]["jobs"][0]["attempts"][0]["id"], "r1.1.1");
  const Said first = stream.next("lines");
  EXPECT_EQ(first.id, "r1.1.1/dut=2");
  ASSERT_EQ(first.data["lines"].size(), 3U);
  EXPECT_EQ(line(first.data, 2), "thr");
  EXPECT_EQ(first.data["lines"][2]["open"], true);
  EXPECT_EQ(stream.next("timeline").data["attempt"], "r1.1.1");

  console("ee");  // the open line, longer
  Said more = stream.next("lines");
  EXPECT_EQ(more.data["from"], "2");
  EXPECT_EQ(line(more.data, 0), "three");
  EXPECT_EQ(more.id, "r1.1.1/dut=2");
  console("\r\nfour\r\n");
  more = stream.next("lines");
  EXPECT_EQ(more.id, "r1.1.1/dut=4");
  EXPECT_EQ(more.data["from"], "2");
  EXPECT_EQ(line(more.data, 1), "four");

  end_run();
  Said said, last_run;
  while (!(said = stream.next()).name.empty() && said.name != "end") {
    if (said.name == "run") last_run = said;
  }
  EXPECT_EQ(last_run.data["run"]["state"], "RUN_STATE_ENDED");
  EXPECT_EQ(said.name, "end");
  EXPECT_EQ(said.data, json::object());
  EXPECT_EQ(stream.rest(), "");  // closed by the server
}

TEST_F(WebTest, GoesOnBehindACursor) {
  begin_run();
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "line " + std::to_string(i) + "\n";
  console(text);
  const auto from_of = [&](const std::string& target, const std::string& more) {
    Stream stream(port(), target, more);
    return stream.next("lines").data["from"].get<std::string>();
  };
  EXPECT_EQ(from_of("/api/v1/live/runs/r1", ""), "2800");
  EXPECT_EQ(from_of("/api/v1/live/runs/r1?after=r1.1.1/dut%3D2500", ""), "2500");
  EXPECT_EQ(from_of("/api/v1/live/runs/r1", "Last-Event-ID: r1.1.1/dut=1500\r\n"), "1500");
  // Too far back, and beyond the end: the newest.
  EXPECT_EQ(from_of("/api/v1/live/runs/r1", "Last-Event-ID: r1.1.1/dut=999\r\n"), "2800");
  EXPECT_EQ(from_of("/api/v1/live/runs/r1", "Last-Event-ID: r1.1.1/dut=4000\r\n"), "2800");
  // All of it, each line once, in pieces.
  end_run();
  Stream stream(port(), "/api/v1/live/runs/r1", "Last-Event-ID: r1.1.1/dut=1000\r\n");
  std::size_t next = 1000;
  for (Said said = stream.next(); said.name != "end" && !said.name.empty(); said = stream.next()) {
    if (said.name != "lines") continue;
    EXPECT_EQ(said.data["from"], std::to_string(next));
    for (std::size_t i = 0; said.data.contains("lines") && i < said.data["lines"].size(); ++i) {
      EXPECT_EQ(line(said.data, i), "line " + std::to_string(next++));
    }
  }
  EXPECT_EQ(next, 3000U);
}

TEST_F(WebTest, TellsManyReadersTheSame) {
  begin_run();
  console("first\r\n");
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(std::make_unique<Stream>(port(), "/api/v1/live/runs/r1"));
    console("line " + std::to_string(i) + "\r\n");
  }
  end_run();
  for (auto& stream : streams) {
    std::vector<std::string> seen;
    for (Said said = stream->next(); said.name != "end"; said = stream->next()) {
      ASSERT_NE(said.name, "");
      if (said.name != "lines" || !said.data.contains("lines")) continue;
      const std::size_t from =
          said.data.contains("from") ? std::stoul(said.data["from"].get<std::string>()) : 0;
      EXPECT_EQ(from, seen.size());  // nothing between, nothing twice
      for (std::size_t i = 0; i < said.data["lines"].size(); ++i)
        seen.push_back(line(said.data, i));
    }
    ASSERT_EQ(seen.size(), 21U);
    EXPECT_EQ(seen.back(), "line 19");
  }
}

TEST_F(WebTest, DropsALiveReaderThatLagsBehind) {
  start({.queue = 64 << 10});
  begin_run();
  console("begin\r\n");
  Client slow(port(), 4096);
  slow.ask("/api/v1/live/runs/r1");
  slow.until("event: timeline");
  Stream quick(port(), "/api/v1/live/runs/r1");
  quick.next("lines");
  // More than all buffers between hold; what was stored is told before the next.
  const std::string flood(2000, 'x');
  std::size_t lines = 1;
  std::string cursor;
  const auto both = [&] {
    return metrics_.text({}).find("assay_http_live_connections 2\n") != std::string::npos;
  };
  ASSERT_TRUE(both());
  for (int piece = 0; both(); ++piece) {
    ASSERT_LT(piece, 1000) << "the slow one was kept";
    std::string text;
    for (int i = 0; i < 32; ++i, ++lines) text += flood + '\n';
    console(text);
    while (cursor != "r1.1.1/dut=" + std::to_string(lines)) {
      const Said said = quick.next("lines");
      ASSERT_FALSE(said.name.empty()) << "the quick one was dropped, too";
      cursor = said.id;
    }
  }
  const std::string got = slow.rest();
  EXPECT_LT(got.size(), flood.size() * lines);
  EXPECT_EQ(got.find("event: end"), std::string::npos);
}

TEST_F(WebTest, IsNeverSilentForLong) {
  start({.ping = std::chrono::milliseconds(20)});
  begin_run();
  Client client(port());
  client.ask("/api/v1/live/runs/r1");
  EXPECT_NE(client.until(": ping\n\n"), "");
  EXPECT_NE(client.until(": ping\n\n"), "");
}

class LiveListsTest : public WebTest {
 protected:
  std::string submit() {
    dispatch::NewRun run;
    run.plan = "tiny";
    scheduler::BoardNeed need;
    need.role = "dut";
    need.profile = "virtual-zephyr";
    dispatch::NewJob job;
    job.needs.push_back(need);
    job.verbs.emplace_back("flash");
    job.profile = need.profile;
    run.jobs.push_back(job);
    const auto id = dispatcher_->submit(run);
    EXPECT_TRUE(id) << id.error().text;
    return id.value_or("");
  }
};

TEST_F(LiveListsTest, TellWhatChanges) {
  Stream now(port(), "/api/v1/live/now"), runs(port(), "/api/v1/live/runs");
  EXPECT_EQ(now.next().name, "overview");
  const std::string id = submit();
  EXPECT_EQ(runs.next("run").data["run"]["id"], id);
  const Said overview = now.next("overview");
  EXPECT_EQ(overview.data["waiting"][0]["run"]["id"], id);
}

// A page asks for its list once it has the head: nothing may fall between.
TEST_F(LiveListsTest, MissNothingFromTheHeadOn) {
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 60; ++i) {
    streams.push_back(std::make_unique<Stream>(port(), "/api/v1/live/runs"));
    const std::string id = submit();
    std::string told;
    while (told != id) {
      const Said said = streams.back()->next("run");
      ASSERT_EQ(said.name, "run") << "before " << id;
      told = said.data["run"]["id"];
    }
  }
}

}  // namespace
}  // namespace assay::web::test
