// A host program for tests: one device whose behaviour the file name of a flash
// job chooses, and (with --agent) an agent that is there to be killed.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <thread>

#include "base/file.hpp"
#include "base/process.hpp"
#include "hosts/host_program.hpp"
#include "hosts/hosted_board.hpp"
#include "hosts/launcher.hpp"

namespace {

using namespace assay;
using abilities::Order;

// A process in a session of its own that outlives whoever started it. Its id
// goes to `file`.
void leave_daemon(const std::filesystem::path& file) {
  const pid_t child = fork();
  if (child == 0) {
    if (fork() != 0) _exit(0);
    setsid();
    signal(SIGTERM, SIG_IGN);
    const auto id = std::to_string(getpid());
    (void)write_file(file, as_bytes(id));
    while (true) pause();
  }
  while (!std::filesystem::exists(file)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

class TestDevice final : public abilities::Device,
                         abilities::Power,
                         abilities::Reset,
                         abilities::Flash,
                         abilities::Console,
                         abilities::Mux {
 public:
  TestDevice(hosts::Configure configure, abilities::IncidentSink on_incident)
      : configure_(std::move(configure)), on_incident_(std::move(on_incident)) {}

  abilities::Power* power() override { return this; }
  abilities::Reset* reset() override { return this; }
  abilities::Flash* flash() override { return this; }
  abilities::Console* console() override { return this; }
  abilities::Mux* mux() override { return this; }

  Result<abilities::Health> check(std::string_view ability, const Order&) override {
    if (configure_.driver == "ill" && ability == "flash") return check_ill();
    if (ability == "flash") return fail(Cause::device, "the probe is loose: push it in");
    return ability == "power" ? abilities::Health::proven : abilities::Health::unproven;
  }

  Result<> revive(const Order& order) override {
    if (setting("cure") == "unreachable") return Device::revive(order);
    return took("reset-probe");
  }

  Result<> on(const Order&) override {
    on_ = true;
    return took(configure_.device == "hub" ? "hub-cycle" : "power-cycle");
  }
  Result<> off(const Order&) override {
    on_ = false;
    return {};
  }
  Result<std::optional<bool>> is_on(const Order&) override { return on_; }

  Result<> to(const Order&, Side side) override {
    side_ = side;
    return {};
  }
  Result<std::optional<Side>> side(const Order&) override { return side_; }

  Result<> pulse(const Order&) override {
    on_incident_({abilities::Incident::Kind::guest_fault, "lockup at 0x1234"});
    return {};
  }

  Result<> write(const Order& order, const abilities::FlashJob& job) override {
    const std::string what = job.file.filename();
    if (what == "progress") {
      for (std::uint64_t i = 0; i <= 100'000; ++i) order.tell({"writing", i, 100'000});
      order.tell({"reading back", 100'000, 100'000});
    }
    if (what == "hang") order.tell({"hanging", 0, 0});
    if (what == "hang") {
      (void)write_file(configure_.state_folder / "hanging", {});
      while (true) ::pause();
    }
    if (what == "crash") ::kill(getpid(), SIGABRT);
    if (what == "exit") ::_exit(7);
    if (what == "lockup") {
      on_incident_({abilities::Incident::Kind::guest_fault, "lockup at 0x1234"});
      return fail(Cause::device, "the tool lost its target");
    }
    if (what == "golden.bin" && setting("mux") == "yes" && (side_ != Side::host || on_))
      return fail(Cause::device, "the disk is not here, or its board runs");
    if (what == "golden.bin") return took("golden");
    if (what == "map" && job.map != "/x/card.bmap") return fail(Cause::internal, "no map came");
    if (what == "daemon") leave_daemon(configure_.state_folder / "daemon.pid");
    return {};
  }
  Result<std::optional<Bytes>> read(const Order&, std::uint64_t address,
                                    std::uint64_t size) override {
    if (address == 1) return std::nullopt;
    return Bytes(size, static_cast<std::uint8_t>(address));
  }

  void listen(Sink sink) override { sink_ = std::move(sink); }
  // Echoes, but for "seq N": then the lines 1 to N come, as fast as they are taken.
  Result<> write(const Order&, ByteView bytes) override {
    const auto text = as_text(bytes);
    if (!text.starts_with("seq ")) {
      sink_({BootTime::now(), Bytes(bytes.begin(), bytes.end())});
      return {};
    }
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno("pipe");
    flood_.reset(ends[0]);
    const UniqueFd writer(ends[1]);
    tool_.emplace(TRY(Process::start({.args = {"seq", std::string(text.substr(4))},
                                      .fds = {{writer.get(), 1}},
                                      .dies_with_parent = true})));
    return {};
  }

  void poll_fds(std::vector<pollfd>& fds, bool console_full) override {
    if (flood_ && !console_full) fds.push_back({flood_.get(), POLLIN, 0});
  }
  void on_ready(std::span<const pollfd> fds) override {
    if (fds.empty() || fds[0].revents == 0) return;
    Bytes piece(65536);
    const auto n = ::read(flood_.get(), piece.data(), piece.size());
    if (n <= 0) return flood_.reset();
    piece.resize(static_cast<std::size_t>(n));
    sink_({BootTime::now(), std::move(piece)});
  }

 private:
  // The driver `ill`: {"cure", "folder"}: its flash does not work until the cure was
  // taken, which leaves a file in the folder. Cure "unreachable": its chip never answers.
  [[nodiscard]] std::string setting(const char* key) const {
    return hosts::Json::parse(configure_.params_json).value(key, "");
  }
  Result<abilities::Health> check_ill() const {
    if (setting("cure") == "unreachable") return abilities::Health::unproven;
    if (std::filesystem::exists(std::filesystem::path(setting("folder")) / setting("cure")))
      return abilities::Health::proven;
    return fail(Cause::device, "the probe hangs");
  }
  Result<> took(std::string_view cure) const {
    if (configure_.driver != "ill") return {};
    return write_file(std::filesystem::path(setting("folder")) / cure, {});
  }

  hosts::Configure configure_;
  abilities::IncidentSink on_incident_;
  Sink sink_;
  bool on_ = false;
  std::optional<Side> side_;  // nullopt: as one that cannot be read
  UniqueFd flood_;
  std::optional<Process> tool_;
};

Result<std::unique_ptr<abilities::Device>> make(const hosts::Configure& c,
                                                abilities::IncidentSink on_incident) {
  if (c.driver == "absent")
    return fail(Cause::unavailable, "/dev/ttyUSB7 does not exist: plug it in");
  if (c.driver == "crashing") ::_exit(9);
  return std::make_unique<TestDevice>(c, std::move(on_incident));
}

// Starts a host with a daemon below it, prints "LAUNCHER HOST DAEMON" and waits
// to be killed. arguments: program, mark, state folder
int agent(char** arguments) {
  auto launcher =
      hosts::Launcher::start(arguments[0], arguments[1], Wait::for_(std::chrono::seconds(10)));
  if (!launcher) return 1;
  auto board = hosts::HostedBoard::make(**launcher, {.id = "b1",
                                                     .devices = {{"d", "test", {"flash"}, "{}"}},
                                                     .host_argv = {arguments[0]},
                                                     .state_folder = arguments[2]});
  if (!board) return 1;
  const Order order{1, Wait::for_(std::chrono::seconds(10))};
  if (!(*board)->flash()->write(order, {.file = "daemon"})) return 1;
  const auto daemon = read_text(std::filesystem::path(arguments[2]) / "d" / "daemon.pid");
  std::printf("%d %d %s\n", (*launcher)->pid(), (*board)->host_pids()[0].second, daemon->c_str());
  std::fflush(stdout);
  while (true) pause();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--agent") {
    std::array<char*, 3> arguments{argv[0], argv[2], argv[3]};
    return agent(arguments.data());
  }
  return hosts::host_main(argc, argv, make);
}
