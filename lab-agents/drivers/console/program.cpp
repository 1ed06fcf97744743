// The driver `program`: a console by the standard streams of a program of the user's,
// {"run": [..]}: ssh to a console server, a vendor's tool. It is started again when it
// ends. What it says on its standard error is no part of the console; its end, with the
// last of that, is an incident.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/process.hpp"
#include "base/text.hpp"
#include "drivers/console/consoles.hpp"
#include "drivers/console/link_console.hpp"

namespace assay::drivers {

namespace {

constexpr std::size_t longest_complaint = 400;

struct Pipe {
  UniqueFd reader, writer;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void never_block(const UniqueFd& fd) {
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
}

class ProgramLink final : public Link {
 public:
  ProgramLink(Process process, UniqueFd in, UniqueFd out, UniqueFd complaints)
      : process_(std::move(process)),
        in_(std::move(in)),
        out_(std::move(out)),
        complaints_(std::move(complaints)) {
    for (const auto* fd : {&in_, &out_, &complaints_}) never_block(*fd);
  }

  // One that ends at once, as it cannot reach its board, was never up.
  bool up() const override { return up_; }
  Duration patience() const override { return std::chrono::seconds(1); }
  Result<> late() override {
    up_ = true;
    return {};
  }

  void poll_fds(std::vector<pollfd>& fds, bool console_full) override {
    if (!console_full) fds.push_back({out_.get(), POLLIN, 0});
    // Its end is told once all that it said has been read.
    if (!console_full) fds.push_back({process_.pidfd(), POLLIN, 0});
    if (complaints_) fds.push_back({complaints_.get(), POLLIN, 0});
  }

  Result<> on_ready(std::span<const pollfd> fds, const PushBytes& push) override {
    const auto ready = [&](int fd) {
      for (const auto& one : fds) {
        if (one.fd == fd && one.revents != 0) return true;
      }
      return false;
    };
    if (complaints_ && ready(complaints_.get())) hear_complaints();
    if (ready(out_.get())) return read(push);
    // Another process may still hold the pipe open: that is not waited for.
    if (!ready(process_.pidfd())) return {};
    Result<> more;
    for (int pieces = 0; pieces < 16 && more; ++pieces) more = read(push);
    return more ? ended() : more;
  }

  Result<> write(ByteView bytes, const Wait& wait) override {
    return write_all(in_.get(), bytes, wait);
  }

 private:
  Result<> read(const PushBytes& push) {
    std::array<std::uint8_t, 65536> piece;
    const auto n = ::read(out_.get(), piece.data(), piece.size());
    if (n > 0) {
      up_ = true;
      push({piece.data(), static_cast<std::size_t>(n)});
      return {};
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    return ended();
  }

  void hear_complaints() {
    std::array<char, 4096> piece;
    const auto n = ::read(complaints_.get(), piece.data(), piece.size());
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) return complaints_.reset();
    said_.append(piece.data(), static_cast<std::size_t>(n));
    if (said_.size() > longest_complaint) said_.erase(0, said_.size() - longest_complaint);
  }

  Result<> ended() {
    const auto status = process_.end(std::chrono::milliseconds(200));
    for (int pieces = 0; pieces < 16 && complaints_; ++pieces) {
      pollfd more{complaints_.get(), POLLIN, 0};
      if (poll(&more, 1, 0) <= 0) break;
      hear_complaints();
    }
    std::string last;
    for (const auto line : split(said_, '\n')) {
      if (!line.empty()) last = printable(line);
    }
    return fail(Cause::device, "{}{}{}", to_string(status), last.empty() ? "" : ": ", last);
  }

  Process process_;
  UniqueFd in_, out_, complaints_;
  bool up_ = false;
  std::string said_;  // the last of its complaints
};

Result<std::unique_ptr<Link>> start(const std::vector<std::string>& run) {
  auto in = TRY(make_pipe()), out = TRY(make_pipe()), complaints = TRY(make_pipe());
  auto process = Process::start({.args = run,
                                 .fds = {{in.reader.get(), STDIN_FILENO},
                                         {out.writer.get(), STDOUT_FILENO},
                                         {complaints.writer.get(), STDERR_FILENO}},
                                 .dies_with_parent = true});
  if (!process) return fail(Cause::device, "cannot be started: {}", process.error().text);
  return std::make_unique<ProgramLink>(std::move(*process), std::move(in.writer),
                                       std::move(out.reader), std::move(complaints.reader));
}

}  // namespace

Made make_program(const DriverSetup& setup, const Json& params) {
  TRY(only_keys(params, {"run"}));
  const auto run = TRY(words_param(params, "run"));
  if (run.empty()) return fail(Cause::invalid, "'run' is missing: the program and its arguments");
  return make_link_console(
      fmt::format("'{}'", printable(join(run, " "))), [run] { return start(run); },
      setup.on_incident);
}

}  // namespace assay::drivers
