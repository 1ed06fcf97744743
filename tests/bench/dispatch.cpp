// How much one dispatcher bears: the scheduler, its adapter and SQLite on a real disk, with
// simulated agents that end their attempts as fast as they are given some.
//   bench_dispatch DIR [AGENTS [BOARDS [JOBS]]]      (1000 10000 100000)
// Prints a line for each figure: name, value, unit. Everything runs on this thread, as in
// assayd's dispatcher.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <random>

#include "base/clock.hpp"
#include "dispatch/engine.hpp"
#include "store/store.hpp"

namespace assay {
namespace {

using dispatch::Engine;
using dispatch::Pending;
using scheduler::Assign;
using scheduler::AttemptId;
using Clock = std::chrono::steady_clock;

constexpr std::size_t profiles = 20, projects = 10, jobs_a_run = 100;
// Requests that came while the last commit was under way.
constexpr std::size_t group = 64;

struct Figures {
  std::vector<double> decisions;  // ms
  std::size_t ended = 0;
  double seconds = 0;
};

double ms_since(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

class Load {
 public:
  Load(store::Store& store, std::size_t agents, std::size_t boards)
      : engine_(Engine::load(store, limits(), BootTime::now()).value()) {
    for (std::size_t i = 0; i < agents; ++i) {
      scheduler::AgentFacts facts{fmt::format("lab-{}", i), "i1", "1", {"flash"}, {}, {}};
      for (std::size_t b = 0; b < boards / agents; ++b) {
        facts.boards.push_back({fmt::format("b-{}-{}", i, b),
                                fmt::format("profile-{}", (i + b) % profiles),
                                {"power", "flash", "console"},
                                {},
                                "",
                                0});
      }
      agents_.push_back(std::move(facts));
    }
  }

  void submit(std::size_t jobs) {
    for (std::size_t done = 0; done < jobs;) {
      engine_->begin(BootTime::now());
      for (std::size_t i = 0; i < group / 8 && done < jobs; ++i) {
        dispatch::NewRun run;
        run.plan = fmt::format("plan-{}", run_ % 12);
        run.project = fmt::format("project-{}", run_ % projects);
        run.request_id = fmt::format("q{}", run_);
        const std::size_t count = std::min(jobs_a_run, jobs - done);
        for (std::size_t j = 0; j < count; ++j) {
          dispatch::NewJob job;
          job.profile = fmt::format("profile-{}", (run_ + j) % profiles);
          job.needs = {{"dut", job.profile, {"power"}, "", {}}};
          job.verbs = {"flash"};
          job.spec = "spec";
          run.jobs.push_back(job);
        }
        must(engine_->submit(run));
        ++run_;
        done += count;
      }
      finish();
    }
  }

  void connect() {
    for (const auto& facts : agents_) {
      engine_->begin(BootTime::now());
      must(engine_->core().hello(facts, BootTime::now(), engine_->changes()));
      finish();
    }
  }

  // One request a group: what one decision takes, without the disk.
  void decide(std::size_t count, Figures& figures) {
    for (std::size_t i = 0; i < count && !running_.empty(); ++i) {
      const AttemptId attempt = pick();
      const BootTime now = BootTime::now();
      engine_->begin(now);
      engine_->core().answered(attempt, true, "", now, engine_->changes());
      const auto began = Clock::now();
      engine_->core().ended(attempt, scheduler::Outcome::passed, "", true, now, engine_->changes());
      engine_->core().settle(now, engine_->changes());
      figures.decisions.push_back(ms_since(began));
      finish();
    }
  }

  // As many a second as there can be, all on disk.
  void churn(std::size_t count, Figures& figures) {
    const auto began = Clock::now();
    while (figures.ended < count && !running_.empty()) {
      const BootTime now = BootTime::now();
      engine_->begin(now);
      for (std::size_t i = 0; i < group && !running_.empty(); ++i, ++figures.ended) {
        const AttemptId attempt = pick();
        engine_->core().answered(attempt, true, "", now, engine_->changes());
        engine_->core().ended(attempt, scheduler::Outcome::passed, "", true, now,
                              engine_->changes());
      }
      finish();
    }
    figures.seconds = ms_since(began) / 1000;
  }

  // All agents once, as within renew_every.
  double renewals() {
    const auto began = Clock::now();
    for (const auto& facts : agents_) {
      engine_->core().renewed(facts.name, {}, BootTime::now(), engine_->changes());
    }
    return ms_since(began);
  }

  [[nodiscard]] std::size_t running() const { return running_.size(); }

 private:
  static scheduler::Limits limits() {
    scheduler::Limits limits;
    limits.lease = std::chrono::hours(1);  // nobody renews here
    limits.answer = std::chrono::minutes(50);
    return limits;
  }
  template <class T>
  static void must(const Result<T>& result) {
    if (result) return;
    std::fprintf(stderr, "bench_dispatch: %s\n", result.error().text.c_str());
    std::exit(1);
  }
  AttemptId pick() {
    std::swap(running_[random_() % running_.size()], running_.back());
    const AttemptId attempt = running_.back();
    running_.pop_back();
    return attempt;
  }
  void finish() {
    const Pending pending = engine_->take(BootTime::now());
    must(engine_->commit(pending));
    engine_->committed(pending);
    for (const auto& decision : pending.decisions) {
      if (const auto* assign = std::get_if<Assign>(&decision)) running_.push_back(assign->attempt);
    }
  }

  std::unique_ptr<Engine> engine_;
  std::vector<scheduler::AgentFacts> agents_;
  std::vector<AttemptId> running_;
  std::mt19937_64 random_{1};
  std::size_t run_ = 0;
};

double at(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values.empty()
             ? 0
             : values[std::min(values.size() - 1, static_cast<std::size_t>(
                                                      share * static_cast<double>(values.size())))];
}

// The kernel's word on the most that this process had.
double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::unique_ptr<store::Store> open(const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return store::open_sqlite(folder).value();
}

int measure(const std::filesystem::path& folder, std::size_t agents, std::size_t boards,
            std::size_t jobs) {
  // How a decision grows with what waits.
  for (std::size_t queued = jobs / 100; queued <= jobs; queued *= 10) {
    const auto store = open(folder / "grow");
    Load load(*store, agents, boards);
    load.submit(queued + boards);
    load.connect();
    Figures figures;
    load.decide(std::min<std::size_t>(queued, 2000), figures);
    fmt::print("decision, {} queued, median|{:.4f}|ms\n", queued, at(figures.decisions, 0.5));
    fmt::print("decision, {} queued, p99|{:.4f}|ms\n", queued, at(figures.decisions, 0.99));
    if (queued < jobs) continue;
    fmt::print("renewals of all agents, once|{:.4f}|ms\n", load.renewals());
    Figures churn;
    load.churn(20'000, churn);
    fmt::print("jobs ended and begun, on disk|{:.0f}|a second\n",
               static_cast<double>(churn.ended) / churn.seconds);
    fmt::print("running at once|{}|attempts\n", load.running());
    fmt::print("memory at most|{:.0f}|MiB\n", peak_mib());
  }
  // assayd starts with what is on disk.
  const auto began = Clock::now();
  const auto store = store::open_sqlite(folder / "grow").value();
  const auto engine = Engine::load(*store, {}, BootTime::now()).value();
  fmt::print("start with all that waits|{:.0f}|ms\n", ms_since(began));
  return 0;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  const auto number = [&](int i, std::size_t otherwise) {
    return argc > i ? static_cast<std::size_t>(std::strtoull(argv[i], nullptr, 10)) : otherwise;
  };
  if (argc < 2 || argc > 5) {
    std::fprintf(stderr, "usage: bench_dispatch DIR [AGENTS [BOARDS [JOBS]]]\n");
    return 2;
  }
  return assay::measure(argv[1], number(2, 1000), number(3, 10'000), number(4, 100'000));
}
