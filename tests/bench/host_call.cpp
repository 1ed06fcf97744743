// What a device host costs: the same operations on the same device, called
// directly and through its host process, as distributions. Aim: 0.2 ms over the
// raw call. Without arguments the benchmark; the launcher and the host that it
// starts are this program, too.
#include <algorithm>
#include <cstdio>
#include <future>

#include "base/file.hpp"
#include "base/process.hpp"
#include "hosts/host_program.hpp"
#include "hosts/hosted_board.hpp"
#include "hosts/launcher.hpp"

namespace {

using namespace assay;
using abilities::Order;

class Device final : public abilities::Device,
                     abilities::Power,
                     abilities::Flash,
                     abilities::Console {
 public:
  abilities::Power* power() override { return this; }
  abilities::Flash* flash() override { return this; }
  abilities::Console* console() override { return this; }
  Result<abilities::Health> check(std::string_view, const Order&) override {
    return abilities::Health::proven;
  }
  Result<> on(const Order&) override { return {}; }
  Result<> off(const Order&) override { return {}; }
  Result<std::optional<bool>> is_on(const Order&) override { return true; }
  Result<> write(const Order&, const abilities::FlashJob&) override { return {}; }
  Result<std::optional<Bytes>> read(const Order&, std::uint64_t, std::uint64_t size) override {
    return Bytes(size, 0x5a);
  }
  void listen(Sink sink) override { sink_ = std::move(sink); }
  Result<> write(const Order&, ByteView bytes) override {
    sink_({BootTime::now(), Bytes(bytes.begin(), bytes.end())});
    return {};
  }
  void poll_fds(std::vector<pollfd>&, bool) override {}
  void on_ready(std::span<const pollfd>) override {}

 private:
  Sink sink_;
};

// Runs `call` n times; prints how long one took.
template <class Call>
void measure(const char* name, int n, Call call) {
  std::vector<double> microseconds;
  for (int i = 0; i < n; ++i) {
    const BootTime begin = BootTime::now();
    call();
    microseconds.push_back(static_cast<double>((BootTime::now() - begin).count()) / 1e3);
  }
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](double share) {
    return microseconds[static_cast<std::size_t>(share * static_cast<double>(n - 1))] / 1e3;
  };
  std::printf("%-34s %4d x  median %9.4f ms  p90 %9.4f ms  p99 %9.4f ms  worst %9.4f ms\n", name, n,
              at(0.5), at(0.9), at(0.99), microseconds.back() / 1e3);
  std::fflush(stdout);
}

int bench(const char* program) {
  const Wait start = Wait::for_(std::chrono::seconds(10));
  auto folder = TempFolder::make("assay-bench-");
  if (!folder) return 1;
  auto launcher = hosts::Launcher::start(program, folder->path().filename(), start);
  if (!launcher) {
    std::fprintf(stderr, "%s\n", launcher.error().text.c_str());
    return 1;
  }
  auto board = hosts::HostedBoard::make(
      **launcher, {.id = "b1",
                   .devices = {{"d", "bench", {"power", "flash", "console"}, "{}"}},
                   .host_argv = {program},
                   .state_folder = folder->path()});
  if (!board || !(*board)->wait_serving(start)) return 1;
  // As the executor calls: with a deadline and a stop token.
  const std::stop_source stop;
  const auto order = [&] {
    return Order{1, {Deadline::after(std::chrono::seconds(10)), stop.get_token()}};
  };
  Device raw;
  auto* power = (*board)->power();
  auto* flash = (*board)->flash();
  measure("power is_on, raw call", 5000, [&] { (void)raw.power()->is_on(order()); });
  measure("power is_on, through its host", 5000, [&] { (void)power->is_on(order()); });
  measure("flash read of 256 KiB, raw call", 200,
          [&] { (void)raw.flash()->read(order(), 0, 256 << 10); });
  measure("flash read of 256 KiB, through host", 200,
          [&] { (void)flash->read(order(), 0, 256 << 10); });
  std::promise<void>* echoed = nullptr;
  (*board)->console()->listen([&](const abilities::ConsoleChunk&) { echoed->set_value(); });
  const Bytes line(80, 'x');
  measure("console line written and echoed", 5000, [&] {
    std::promise<void> promise;
    echoed = &promise;
    (void)(*board)->console()->write(order(), line);
    promise.get_future().wait();
  });
  (*board)->console()->listen(nullptr);
  measure("host killed and serving again", 20, [&] { (void)(*board)->restart(start); });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) return bench(argv[0]);
  return assay::hosts::host_main(argc, argv, [](const auto&, const auto&) {
    return Result<std::unique_ptr<abilities::Device>>(std::make_unique<Device>());
  });
}
