// What the way from the agent to many devices costs, with the real drivers and host
// processes on emulated devices: 100 relay channels switched at once, against the bare
// transfers that this takes; 16 serial ports at 3 Mbaud. Aims: as fast as the
// devices; no byte lost, under 15 % of a core.
#include <fcntl.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.hpp"
#include "hosts/hosted_board.hpp"
#include "hosts/launcher.hpp"
#include "usb/device.hpp"
#include "virtual_usb/dcttech.hpp"
#include "virtual_usb/testbed.hpp"

namespace {

using namespace assay;
using Json = nlohmann::json;
using abilities::Order;

constexpr unsigned channels = 8, relays = 13, switched = 100;
constexpr unsigned ports = 16, rounds = 20;
constexpr std::size_t bytes_a_ms = 300;  // 3 Mbaud, ten bits a byte
constexpr int flood_ms = 5000;

Order order() {
  return {1, Wait::for_(std::chrono::seconds(30))};
}
double ms(Duration d) {
  return static_cast<double>(d.count()) / 1e6;
}

class Lab {
 public:
  explicit Lab(const std::filesystem::path& host)
      : host_(host), folder_(*TempFolder::make("assay-bench-")) {
    auto started = hosts::Launcher::start(host, folder_.path().filename(), order().wait);
    if (!started) throw std::runtime_error(started.error().text);
    launcher_ = std::move(*started);
  }
  std::unique_ptr<hosts::HostedBoard> board(const std::string& id, const std::string& driver,
                                            const std::string& ability, const Json& params) {
    auto made =
        hosts::HostedBoard::make(*launcher_, {.id = id,
                                              .devices = {{"d", driver, {ability}, params.dump()}},
                                              .host_argv = {host_},
                                              .state_folder = folder_.path() / id});
    if (!made) throw std::runtime_error(made.error().text);
    return std::move(*made);
  }

 private:
  const std::filesystem::path host_;
  TempFolder folder_;
  std::unique_ptr<hosts::Launcher> launcher_;
};

// What switching and reading back takes on the wire, one after the other: the emulated
// bus carries one transfer at a time.
double bare_transfers() {
  const BootTime begin = BootTime::now();
  for (unsigned relay = 0; relay < relays; ++relay) {
    usb::Link link(
        {.what = "relay", .ids = {{0x16c0, 0x05df}}, .port = "1-" + std::to_string(relay + 1)}, 0);
    for (unsigned c = 0; c < channels && relay * channels + c < switched; ++c) {
      auto session = link.take(order().wait);
      if (!session) throw std::runtime_error(session.error().text);
      const Bytes on{0xFF, static_cast<std::uint8_t>(c + 1), 0, 0, 0, 0, 0, 0};
      (void)session->control_out(0x21, 0x09, 0x0300, 0, on, order().wait);
      (void)session->control_in(0xA1, 0x01, 0x0300, 0, 8, order().wait);
    }
  }
  return ms(BootTime::now() - begin);
}

void bench_relays(const std::filesystem::path& host) {
  virtual_usb::Testbed bed;  // before the launcher, which hands on where it is
  for (unsigned i = 0; i < relays; ++i) {
    const auto done = bed.attach(std::make_shared<virtual_usb::DctTechRelay>(channels),
                                 "1-" + std::to_string(i + 1));
    if (!done) throw std::runtime_error(done.error().text);
  }
  Lab lab(host);
  std::vector<std::unique_ptr<hosts::HostedBoard>> boards;
  for (unsigned i = 0; i < switched; ++i)
    boards.push_back(lab.board(
        "r" + std::to_string(i), "dcttech", "power",
        {{"port", "1-" + std::to_string(i / channels + 1)}, {"channel", i % channels + 1}}));
  for (auto& board : boards) {
    if (const auto first = board->power()->off(order()); !first)
      throw std::runtime_error(first.error().text);
  }
  std::vector<double> bare, all;
  for (unsigned round = 0; round < rounds; ++round) {
    bare.push_back(bare_transfers());
    std::atomic<unsigned> failed = 0;
    const BootTime begin = BootTime::now();
    {
      std::vector<std::jthread> threads;
      for (auto& board : boards)
        threads.emplace_back([&] {
          const bool on = round % 2 == 0;
          const auto done = on ? board->power()->on(order()) : board->power()->off(order());
          if (!done) ++failed;
        });
    }
    all.push_back(ms(BootTime::now() - begin));
    if (failed != 0) throw std::runtime_error("a relay was not switched");
  }
  for (auto* times : {&bare, &all}) std::sort(times->begin(), times->end());
  std::printf(
      "100 relay channels at once              %d x  median %9.2f ms  worst %9.2f ms   bare "
      "transfers, one "
      "after the other: median %.2f ms   ratio %.2f   aim: the devices' own time\n",
      rounds, all[all.size() / 2], all.back(), bare[bare.size() / 2],
      all[all.size() / 2] / bare[bare.size() / 2]);
  std::fflush(stdout);
}

// Clock ticks that a process has used.
long ticks(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream rest(text.substr(text.rfind(')') + 2));
  std::string word;
  long user = 0, system = 0;
  for (int i = 0; i < 11; ++i) rest >> word;
  rest >> user >> system;
  return user + system;
}

struct Line {
  int master = -1, slave = -1;  // the slave's end stays open, so that nothing is lost
  std::string path;
  std::atomic<std::uint64_t> got = 0, wrong = 0;
};

void bench_serial(Lab& lab) {
  std::vector<std::unique_ptr<Line>> lines;
  std::vector<std::unique_ptr<hosts::HostedBoard>> boards;
  for (unsigned i = 0; i < ports; ++i) {
    auto line = std::make_unique<Line>();
    line->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    grantpt(line->master);
    unlockpt(line->master);
    line->path = ptsname(line->master);
    line->slave = ::open(line->path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios raw{};
    tcgetattr(line->slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(line->slave, TCSANOW, &raw);
    boards.push_back(lab.board("s" + std::to_string(i), "serial", "console",
                               {{"path", line->path},
                                {"baud", 3'000'000},
                                {"parity", "none"},
                                {"stop", 1},
                                {"flow", "none"}}));
    boards.back()->console()->listen([line = line.get()](const abilities::ConsoleChunk& chunk) {
      std::uint64_t at = line->got;
      for (const std::uint8_t byte : chunk.bytes) {
        if (byte != static_cast<std::uint8_t>(at++ % 251)) ++line->wrong;
      }
      line->got = at;
    });
    if (const auto ready = boards.back()->wait_serving(order().wait); !ready)
      throw std::runtime_error(ready.error().text);
    lines.push_back(std::move(line));
  }
  const auto used = [&] {
    long all = 0;
    for (auto& board : boards) all += ticks(board->host_pids()[0].second);
    return all;
  };
  const UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const itimerspec each{{0, 1'000'000}, {0, 1'000'000}};
  timerfd_settime(timer.get(), 0, &each, nullptr);
  std::uint64_t due = 0, sent = 0;
  Bytes piece;
  long writer = 0;
  timespec cpu{}, own_begin{}, own_end{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own_begin);
  const long hosts_begin = used();
  const BootTime begin = BootTime::now();
  while (sent < std::uint64_t{flood_ms} * bytes_a_ms) {
    std::uint64_t ticked = 0;
    if (::read(timer.get(), &ticked, sizeof ticked) < 0) break;
    due = std::min(due + ticked * bytes_a_ms, std::uint64_t{flood_ms} * bytes_a_ms);
    piece.clear();
    for (std::uint64_t at = sent; at < due; ++at)
      piece.push_back(static_cast<std::uint8_t>(at % 251));
    for (auto& line : lines) {
      for (std::size_t done = 0; done < piece.size();) {
        const auto n = ::write(line->master, piece.data() + done, piece.size() - done);
        if (n > 0) done += static_cast<std::size_t>(n);
      }
    }
    sent = due;
  }
  const auto all_there = [&] {
    return std::all_of(lines.begin(), lines.end(), [&](auto& line) { return line->got >= sent; });
  };
  const Deadline until = Deadline::after(std::chrono::seconds(10));
  while (!all_there() && !until.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const double seconds = ms(BootTime::now() - begin) / 1e3;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own_end);
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  writer = cpu.tv_sec * 1000 + cpu.tv_nsec / 1'000'000;
  const double hosts =
      static_cast<double>(used() - hosts_begin) / static_cast<double>(sysconf(_SC_CLK_TCK));
  const double own = static_cast<double>(own_end.tv_sec - own_begin.tv_sec) +
                     static_cast<double>(own_end.tv_nsec - own_begin.tv_nsec) / 1e9 -
                     static_cast<double>(writer) / 1e3;
  std::uint64_t lost = 0, wrong = 0;
  for (auto& line : lines) {
    lost += sent - std::min<std::uint64_t>(sent, line->got);
    wrong += line->wrong;
  }
  std::printf(
      "16 serial ports at 3 Mbaud              %.1f MB in %.1f s   lost %llu, wrong %llu bytes   "
      "of a core: hosts "
      "%.1f %%, agent's readers %.1f %%   aim: none lost, under 15 %% (pseudo-terminals)\n",
      static_cast<double>(sent * ports) / 1e6, seconds, static_cast<unsigned long long>(lost),
      static_cast<unsigned long long>(wrong), 100 * hosts / seconds,
      100 * std::max(0.0, own) / seconds);
  for (auto& board : boards) board->console()->listen(nullptr);
}

}  // namespace

int main(int, char** argv) {
  virtual_usb::enter_testbed(argv);
  try {
    const auto build = std::filesystem::canonical("/proc/self/exe").parent_path().parent_path();
    const auto host = build / "bin" / "assay-host";
    Lab lab(host);
    bench_serial(lab);
    bench_relays(host);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "devices: %s\n", e.what());
    return 1;
  }
  return 0;
}
