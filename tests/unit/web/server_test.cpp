// What is refused and how, and what every answer has.
#include "fixture.hpp"

namespace assay::web::test {
namespace {

using testing::HasSubstr;

struct Refused {
  std::string request;
  int status;
  std::string error;
};

TEST_F(WebTest, RefusesWithStatusAndWords) {
  const std::string host = "Host: localhost\r\n";
  const std::vector<Refused> all{
      {"GET /api/v1/runs?plam=x HTTP/1.1\r\n" + host + "\r\n", 400,
       "unknown parameter 'plam', did you mean 'plan'?"},
      {"GET /api/v1/now?plan=x HTTP/1.1\r\n" + host + "\r\n", 400,
       "unknown parameter 'plan'; this address takes none"},
      {"GET /api/v1/runs?page_size=0 HTTP/1.1\r\n" + host + "\r\n", 400,
       "page_size=0: give a number from 1 to 1000"},
      {"GET /api/v1/runs?plan=a&plan=b HTTP/1.1\r\n" + host + "\r\n", 400,
       "'plan' comes twice; give it once"},
      {"GET /api/v1/matrix?rows=bored HTTP/1.1\r\n" + host + "\r\n", 400,
       "rows=bored: it is none of plan, profile, board"},
      {"GET /api/v1/runs/%zz HTTP/1.1\r\n" + host + "\r\n", 400,
       "'%zz': '%' must be followed by two hexadecimal digits"},
      {"GET /assets/..%2f..%2fetc/passwd HTTP/1.1\r\n" + host + "\r\n", 400,
       "'/assets/..%2f..%2fetc/passwd': '../../etc' is no part of an address"},
      {"GET /api/v1/live/runs/r1?after=x HTTP/1.1\r\n" + host + "\r\n", 400,
       "'x' is no cursor, which is like r17.1.1/dut=120;r17.1.2/dut=0"},
      {"GET /api/v1/runs/r9 HTTP/1.1\r\n" + host + "\r\n", 404, "no run 'r9'"},
      {"GET /api/v1/live/runs/r9 HTTP/1.1\r\n" + host + "\r\n", 404, "no run 'r9'"},
      {"GET /api/v1/rums HTTP/1.1\r\n" + host + "\r\n", 404,
       "there is nothing at '/api/v1/rums'; docs/HTTP.md lists what there is"},
      {"GET /hooks/github HTTP/1.1\r\n" + host + "\r\n", 404,
       "there is nothing at '/hooks/github'"},
      {"POST /api/v1/now HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n", 405,
       "POST changes things, and here one can only look: GET or HEAD"},
      {"GET /api/v1/now HTTP/1.1\r\n" + host + "Accept: text/html\r\n\r\n", 406,
       "here is application/json only, which Accept 'text/html' does not allow"},
      {"GET /api/v1/now HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", 413,
       "a request takes no body"},
      {"GET /api/v1/now HTTP/1.1\r\n" + host +
           "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
       413, "GET takes no body"},
      {"GET /" + std::string(8192, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414,
       "an address has at most 8192 bytes"},
      {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(17000, 'a') + "\r\n\r\n", 431,
       "the headers are longer than 16 KiB"},
      {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421,
       "Host 'evil.example' is not this machine; ask 127.0.0.1, localhost or [::1]"},
      {"GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", 421,
       "Host 'localhost.evil.example' is not this machine; ask 127.0.0.1, localhost or [::1]"},
      {"GET / HTTP/1.1\r\n\r\n", 421,
       "Host '' is not this machine; ask 127.0.0.1, localhost or [::1]"},
      {"GET / HTTP/1.1\r\n" + host + "Origin: http://evil.example\r\n\r\n", 403,
       "Origin 'http://evil.example' is another site, which may not ask here"},
      {"GET / HTTP/1.1\r\n" + host + "Origin: null\r\n\r\n", 403,
       "Origin 'null' is another site, which may not ask here"},
      {"nonsense\r\n\r\n", 400, "this is no HTTP request"}};
  begin_run();
  for (const Refused& one : all) {
    const Answered got = raw(one.request);
    EXPECT_EQ(got.status, one.status) << one.request.substr(0, 200);
    EXPECT_EQ(got.body, "{\"error\":\"" + one.error + "\"}");
    EXPECT_EQ(got["Cache-Control"], "no-store");
    EXPECT_EQ(got["X-Content-Type-Options"], "nosniff");
  }
}

TEST_F(WebTest, HasItsSafetyHeadersOnEverything) {
  for (const char* path : {"/api/v1/now", "/", "/healthz", "/metrics", "/api/v1/none"}) {
    const Answered got = get(path);
    EXPECT_EQ(got["Content-Security-Policy"],
              "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
              "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
              "frame-ancestors 'none'");
    EXPECT_EQ(got["X-Content-Type-Options"], "nosniff");
    EXPECT_EQ(got["Referrer-Policy"], "no-referrer");
    EXPECT_EQ(got["Cross-Origin-Opener-Policy"], "same-origin");
    EXPECT_EQ(got["Cross-Origin-Resource-Policy"], "same-origin");
  }
}

TEST_F(WebTest, KnowsItsOwnNames) {
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1:7480", "[::1]:7480"}) {
    EXPECT_EQ(raw(std::string("GET /healthz HTTP/1.1\r\nHost: ") + host + "\r\n\r\n").status, 200);
  }
  EXPECT_EQ(get("/healthz", "Origin: http://localhost\r\n").status, 200);
}

TEST_F(WebTest, AnswersOneRequestAfterTheOther) {
  Client client(port());
  client.ask("/healthz");
  client.ask("/api/v1/runs");  // before the first is answered
  EXPECT_EQ(client.answer().body, "ok\n");
  EXPECT_EQ(client.answer().body, "{}");
  client.ask("/healthz", "Connection: close\r\n");
  EXPECT_EQ(client.answer()["Connection"], "close");
  EXPECT_EQ(client.rest(), "");
}

TEST_F(WebTest, HeadIsGetWithoutBody) {
  const Answered full = get("/api/v1/now"), head = get("/api/v1/runs", "", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head["Content-Length"], "2");
  Client client(port());
  client.ask("/api/v1/runs", "", "HEAD");
  client.answer(false);
  client.ask("/healthz", "Connection: close\r\n");
  EXPECT_THAT(client.rest(), testing::StartsWith("HTTP/1.1 200 OK\r\n"));  // no body was between
}

TEST_F(WebTest, SaysThatThereAreNoPages) {
  const Answered got = get("/runs/r1");
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(got.body,
            "The pages are not built: ./dev build makes them. What they read is served all the "
            "same, see /api/v1/now.\n");
  EXPECT_EQ(get("/api/v1/now").status, 200);
}

TEST_F(WebTest, CountsForPrometheus) {
  begin_run();
  get("/api/v1/none");
  const Answered got = get("/metrics");
  EXPECT_EQ(got["Content-Type"], "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"assay_runs{state=\"running\"} 1\n", "assay_boards{state=\"idle\"} 0\n",
        "assay_agents_connected 0\n", "assay_http_requests_total{status=\"404\"} 1\n",
        "assay_http_live_connections 0\n", "assay_http_request_duration_seconds_count 1\n"}) {
    EXPECT_THAT(got.body, HasSubstr(line));
  }
}

TEST_F(WebTest, DropsWhoSendsTooSlowly) {
  start({.header = std::chrono::milliseconds(50), .idle = std::chrono::milliseconds(50)});
  Client silent(port()), slow(port()), idle(port());
  slow.say("GET /healthz HTTP/1.1\r\nHost: ");
  idle.ask("/healthz");
  EXPECT_EQ(silent.rest(), "");
  EXPECT_EQ(slow.rest(), "");
  EXPECT_EQ(idle.answer().status, 200);
  EXPECT_EQ(idle.rest(), "");
}

TEST_F(WebTest, DropsWhoDoesNotTakeItsAnswer) {
  start({.stall = std::chrono::milliseconds(100)});
  const std::string name = put(std::string(32 << 20, 'x'));
  Client client(port(), 4096);
  client.ask("/api/v1/artifacts/" + name + "/bytes");
  EXPECT_EQ(client.answer(false).status, 200);
  // Without reading on: its connection is counted until it was dropped.
  const Deadline deadline = Deadline::after(patience);
  while (get("/metrics").body.find("assay_http_connections 1\n") == std::string::npos) {
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_LT(client.rest().size(), std::size_t{32 << 20});
}

TEST_F(WebTest, TakesOnlySoManyConnections) {
  start({.connections = 2});
  Client one(port()), two(port());
  one.ask("/healthz");
  two.ask("/healthz");
  EXPECT_EQ(one.answer().status, 200);
  EXPECT_EQ(two.answer().status, 200);
  Client three(port());
  const Answered refused = three.answer();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, R"({"error":"too many connections are open; close some and try again"})");
  one.ask("/healthz");
  EXPECT_EQ(one.answer().status, 200);
}

TEST_F(WebTest, NamesThePortThatIsTaken) {
  const auto second = Server::start(
      {"127.0.0.1", port()}, [](const Request&) { return plain(200, ""); },
      {backend_, nullptr, nullptr, nullptr}, metrics_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text,
            "cannot listen on 127.0.0.1:" + std::to_string(port()) +
                ": Address already in use; is another assayd running? --web takes another port, "
                "or 'off'");
}

}  // namespace
}  // namespace assay::web::test
