// Many stories, on all cores: started by `./dev soak simulate`.
#include <fmt/core.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "simulation.hpp"

using namespace assay::simulation;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* usage =
    "usage: simulate [--seeds N] [--first S] [--minutes M] | --seed S [--whole]\n"
    "N (10000) stories from seed S (1) on, on all cores, or as many as M minutes hold. Each has 3\n"
    "agents, 20 boards, jobs with several roles, people's leases and trouble; promises that are\n"
    "broken are printed with their seed, and with the shortest story that still breaks them.\n"
    "  --seed S   tells the story of one seed, shortened where a promise is broken (--whole: not)\n"
    "Exit status 0: all were kept; 1: not; 2: usage.\n";

struct Options {
  std::uint64_t seeds = 10'000, first = 1, seed = 0;
  double minutes = 0;
  bool whole = false;
};

bool number(const char* text, std::uint64_t& value) {
  const char* end = text + std::strlen(text);
  const auto [at, error] = std::from_chars(text, end, value);
  return error == std::errc() && at == end;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--whole") {
      options.whole = true;
      continue;
    }
    std::uint64_t value = 0;
    if (i + 1 >= argc || !number(argv[i + 1], value)) return false;
    ++i;
    if (word == "--seeds")
      options.seeds = value;
    else if (word == "--first")
      options.first = value;
    else if (word == "--seed" && value > 0)
      options.seed = value;
    else if (word == "--minutes")
      options.minutes = static_cast<double>(value);
    else
      return false;
  }
  return true;
}

void print_violations(const Story& story) {
  for (const auto& words : story.violations) fmt::print("  {}\n", words);
}

int tell(const Options& options) {
  Plan it = plan(options.seed);
  const bool broken = !play(it).violations.empty();
  if (broken && !options.whole) {
    const std::size_t acts = it.acts.size();
    it = shrink(it);
    fmt::print("{} of {} acts are enough:\n", it.acts.size(), acts);
    for (const Act& act : it.acts) {
      fmt::print("  {:8.3f} s  {}\n", static_cast<double>(act.at.count()) / 1e9, word(act.kind));
    }
  }
  const Story story = play(it, {}, Telling::aloud);
  fmt::print("{} runs, {} attempts, {} events, {} faults\n", story.runs, story.attempts,
             story.events, story.faults);
  print_violations(story);
  return story.violations.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  if (options.seed != 0) return tell(options);

  const auto began = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  std::atomic<std::uint64_t> next = options.first, done = 0, broken = 0, attempts = 0, runs = 0,
                             events = 0;
  const std::uint64_t end = options.minutes > 0 ? UINT64_MAX : options.first + options.seeds;
  std::mutex printing;
  const auto work = [&] {
    for (;;) {
      const std::uint64_t seed = next++;
      if (seed >= end || broken >= 5) return;
      if (options.minutes > 0 && seconds() > options.minutes * 60) return;
      const Story story = play(plan(seed));
      runs += story.runs;
      attempts += story.attempts;
      events += story.events;
      if (story.violations.empty()) {
        const std::uint64_t count = ++done;
        if (count % 100'000 != 0) continue;
        const std::lock_guard lock(printing);
        fmt::print("{} stories, {:.0f} a second\n", count, static_cast<double>(count) / seconds());
        std::fflush(stdout);
        continue;
      }
      ++broken;
      const std::lock_guard lock(printing);
      fmt::print("seed {} breaks a promise; --seed {} tells its story:\n", seed, seed);
      print_violations(story);
      std::fflush(stdout);
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  const double took = seconds();
  const std::uint64_t all = done + broken;
  fmt::print(
      "{} stories in {:.1f} s, {:.0f} a second; {} runs, {} attempts, {} events; {} broken\n", all,
      took, static_cast<double>(all) / took, runs.load(), attempts.load(), events.load(),
      broken.load());
  return broken == 0 ? 0 : 1;
}
