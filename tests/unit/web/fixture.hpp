// The HTTP server on a real port over a store, events and artifacts of its own,
// and a client that says and reads bytes. Every wait has an end.
#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "api/backend.hpp"
#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "queries/queries.hpp"
#include "web/server.hpp"
#include "web/site.hpp"

namespace assay::web::test {

inline constexpr std::chrono::seconds patience{20};

struct Answered {
  int status = 0;
  std::string head, body;

  // Of a header; "" when there is none.
  [[nodiscard]] std::string operator[](const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const auto from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }

  bool say(std::string_view text) {
    return write_all(fd_.get(), as_bytes(text), Wait::for_(patience)).has_value();
  }
  // `more` is further header lines, each with its end.
  bool ask(const std::string& target, const std::string& more = "",
           const std::string& method = "GET") {
    return say(method + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n" + more + "\r\n");
  }

  // false: the other side has closed.
  bool read_more() {
    std::array<std::uint8_t, 16384> piece;
    const auto got = read_some(fd_.get(), piece, Wait::for_(patience));
    if (!got || *got == 0) return false;
    buffer_ += as_text(ByteView(piece).first(*got));
    return true;
  }
  // Up to and with `mark`; "" when the stream ends before.
  std::string until(const std::string& mark) {
    std::size_t at = 0;
    while ((at = buffer_.find(mark)) == std::string::npos) {
      if (!read_more()) return "";
    }
    const std::string text = buffer_.substr(0, at + mark.size());
    buffer_.erase(0, text.size());
    return text;
  }
  Answered answer(bool with_body = true) {
    Answered out;
    out.head = until("\r\n\r\n");
    if (out.head.size() < 12) return out;
    out.status = std::stoi(out.head.substr(9, 3));
    const std::string length = out["Content-Length"];
    const std::size_t size = length.empty() || !with_body ? 0 : std::stoul(length);
    while (buffer_.size() < size && read_more()) continue;
    out.body = buffer_.substr(0, size);
    buffer_.erase(0, out.body.size());
    return out;
  }
  std::string rest() {
    while (read_more()) continue;
    return std::exchange(buffer_, {});
  }

 private:
  UniqueFd fd_;
  std::string buffer_;
};

class WebTest : public testing::Test {
 protected:
  void SetUp() override {
    spdlog::set_level(spdlog::level::off);
    setenv("ASSAY_SHARE", std::filesystem::current_path().c_str(), 0);
    start({});
  }
  void TearDown() override { server_.reset(); }

  void start(const Limits& limits) {
    server_.reset();
    auto server = Server::start(
        {"127.0.0.1", 0}, [this](const Request& request) { return site_.answer(request); },
        source(), metrics_, limits);
    ASSERT_TRUE(server) << server.error().text;
    server_ = std::move(*server);
  }
  LiveSource source() {
    return {backend_, [this](v1::Overview* out) { return queries_.overview(out); },
            [this](const std::string& attempt, v1::Timeline* out) {
              return queries_.timeline(attempt, out);
            },
            [this](const std::string& attempt, const std::string& role, std::int64_t from,
                   std::uint32_t count, v1::ConsoleLines* out) {
              return queries_.lines(attempt, role, {from, count}, out);
            }};
  }
  [[nodiscard]] std::uint16_t port() const { return server_->endpoint().port; }

  Answered get(const std::string& target, const std::string& more = "",
               const std::string& method = "GET") {
    Client client(port());
    client.ask(target, more, method);
    return client.answer(method != "HEAD");
  }
  // The whole of what is said, as it is.
  Answered raw(const std::string& request) {
    Client client(port());
    client.say(request);
    return client.answer();
  }

  std::string put(const std::string& content) {
    const std::string name = to_hex(sha256(as_bytes(content)));
    auto upload = artifacts_->put(name, content.size(), 0);
    EXPECT_TRUE(upload && *upload);
    EXPECT_TRUE((*upload)->append(0, as_bytes(content)));
    EXPECT_TRUE((*upload)->finish());
    return name;
  }

  // r1.1.1 runs on board v1 in role dut.
  void begin_run() { commit_run("running", "", 0); }
  void end_run() {
    append(evidence::AttemptEnded{evidence::Verdict::passed, "", -1, false}, "");
    commit_run("ended", "passed", 3);
    backend_.runs->notify("r1");
  }
  void commit_run(const std::string& state, const std::string& verdict, std::int64_t ended) {
    store::Batch batch;
    store::RunRow row;
    row.number = 1;
    row.plan = "tiny";
    row.state = state;
    row.verdict = verdict;
    row.submitted = 1;
    row.started = 2;
    row.ended = ended;
    batch.runs.push_back(row);
    store::JobRow job;
    job.run = job.index = 1;
    job.profile = "virtual-zephyr";
    job.state = state;
    job.verdict = verdict;
    batch.jobs.push_back(job);
    batch.attempts.push_back(attempt(state, verdict));
    ASSERT_TRUE(store_->commit(batch));
  }
  static store::AttemptRow attempt(const std::string& state, const std::string& verdict) {
    store::AttemptRow row;
    row.run = row.job = row.number = 1;
    row.agent = "lab-a";
    row.leases_json = R"([{"role": "dut", "board": "v1", "epoch": 1}])";
    row.state = state;
    row.verdict = verdict;
    row.started = 2;
    return row;
  }
  void append(evidence::Body body, const std::string& role = "dut") {
    const evidence::Event event{++seq_, std::chrono::milliseconds(10) * seq_, role,
                                role.empty() ? "" : "v1", std::move(body)};
    const auto stored = segments_->append("r1.1.1", std::span(&event, 1));
    ASSERT_TRUE(stored) << stored.error().text;
  }
  void console(const std::string& text) {
    if (seq_ == 0) append(evidence::AttemptStarted{1, "lab-a", {}}, "");
    append(evidence::ConsoleBytes{console_bytes_, false, Bytes(text.begin(), text.end())});
    console_bytes_ += text.size();
  }

  TempFolder folder_ = *TempFolder::make("assay-web");
  std::unique_ptr<store::Store> store_ = store::open_memory();
  std::unique_ptr<segments::Segments> segments_ =
      *segments::Segments::open(folder_.path() / "segments");
  std::unique_ptr<artifacts::ArtifactStore> artifacts_ =
      *artifacts::ArtifactStore::open(folder_.path() / "artifacts");
  std::unique_ptr<dispatch::Dispatcher> dispatcher_ = *dispatch::Dispatcher::start(*store_, {});
  api::Backend backend_{{*store_, *dispatcher_, *segments_, *artifacts_}};
  queries::Queries queries_{backend_};
  Metrics metrics_;
  Site site_{backend_, queries_, metrics_, Pages()};
  std::unique_ptr<Server> server_;
  std::uint64_t seq_ = 0, console_bytes_ = 0;
};

}  // namespace assay::web::test
