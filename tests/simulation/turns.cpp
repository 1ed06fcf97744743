#include "turns.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "scheduler/scheduler.hpp"
#include "world.hpp"

namespace assay::simulation {

using namespace scheduler;

namespace {

constexpr int boards = 6;
constexpr Duration whole = 1h;

// A kind of work of which so many jobs always wait.
struct Stream {
  std::string project;
  std::int32_t priority = 0;
  std::size_t roles = 1;
  int waiting = 1;
  Duration shortest{}, longest{};
  Duration longest_wait{};  // that is allowed
};

class Hour {
 public:
  Hour(std::uint64_t seed, Defect defect) : random_(seed, "turns"), core_(limits(defect)) {}

  std::vector<std::string> run() {
    AgentFacts lab{"lab", "i1", "1", {}, {}, {}};
    for (int i = 1; i <= boards; ++i) lab.boards.push_back(board(fmt::format("v{}", i)));
    // Most boards are on one that is gone, and so is who can only run there.
    AgentFacts dead{"dead", "i1", "1", {}, {}, {}};
    for (int i = 1; i <= 5 * boards; ++i) dead.boards.push_back(board(fmt::format("d{}", i)));
    (void)core_.hello(dead, now_, out_);
    core_.disconnected("dead");
    (void)core_.hello(lab, now_, out_);
    for (int i = 0; i < 10; ++i) submit({"gone", 5, 1, 0, 1s, 1s, {}}, "d1");
    for (const Stream& stream : streams_) {
      for (int i = 0; i < stream.waiting; ++i) submit(stream, "");
    }
    const BootTime end = now_ + whole;
    while (now_ < end) step();
    for (const auto& [run, asked] : asked_) waited(*asked.stream, run, end - asked.at);
    shares();
    return wrong_;
  }

 private:
  struct Asked {
    const Stream* stream;
    BootTime at;
  };
  struct Running {
    AttemptId attempt;
    const Stream* stream;
    BootTime began;
  };
  static Limits limits(Defect defect) {
    Limits limits;
    limits.defect = defect;
    return limits;
  }
  static BoardFacts board(const std::string& id) { return {id, "sensor", {}, {}, "", 0}; }

  void submit(const Stream& stream, const std::string& on) {
    RunRecord run;
    run.number = ++runs_;
    run.project = stream.project;
    run.priority = stream.priority;
    JobRecord job;
    job.id = {run.number, 1};
    job.work = stream.project + std::to_string(stream.roles);
    for (std::size_t i = 0; i < stream.roles; ++i)
      job.needs.push_back({std::string(1, static_cast<char>('a' + i)), "sensor", {}, on, {}});
    (void)core_.submit(run, {job}, now_, out_);
    if (on.empty()) asked_[run.number] = {&stream, now_};
  }

  void step() {
    core_.renewed("lab", running_names(), now_, out_);
    core_.settle(now_, out_);
    while (!out_.decisions.empty()) {
      const auto decisions = std::exchange(out_.decisions, {});
      for (const Decision& decision : decisions) {
        if (const auto* assign = std::get_if<Assign>(&decision)) begin(*assign);
      }
      core_.settle(now_, out_);
    }
    out_ = {};
    const auto next = running_.begin();
    const BootTime soon = now_ + 5s;
    if (next == running_.end() || next->first > soon) {
      now_ = soon;
      return;
    }
    now_ = next->first;
    const Running done = next->second;
    running_.erase(next);
    had_[done.stream->project] += (now_ - done.began) * static_cast<int>(done.stream->roles);
    core_.ended(done.attempt, Outcome::passed, "", true, now_, out_);
  }

  void begin(const Assign& assign) {
    core_.answered(assign.attempt, true, "", now_, out_);
    const auto asked = asked_.extract(assign.attempt.job.run).mapped();
    waited(*asked.stream, assign.attempt.job.run, now_ - asked.at);
    running_.emplace(now_ + random_.between(asked.stream->shortest, asked.stream->longest),
                     Running{assign.attempt, asked.stream, now_});
    submit(*asked.stream, "");
  }

  std::vector<std::string> running_names() const {
    std::vector<std::string> names;
    for (const auto& [at, one] : running_) names.push_back(to_string(one.attempt));
    return names;
  }

  void waited(const Stream& stream, std::int64_t run, Duration time) {
    if (stream.longest_wait > Duration::zero() && time > stream.longest_wait) {
      wrong_.push_back(fmt::format("{} of {} waited for {}, at most {}", run_name(run),
                                   stream.project, human(time), human(stream.longest_wait)));
    }
  }

  // Two that always had work waiting, of the same priority.
  void shares() {
    const auto [less, more] = std::minmax(had_["short"], had_["long"]);
    if (more > less + less / 4)
      wrong_.push_back(
          fmt::format("one project had {} and the other {}", human(more), human(less)));
  }

  // With 5 minutes for a level: two levels lower waits for two of them at least, and one
  // more until it is ahead; a job with several roles for its project's turn and its boards.
  const std::vector<Stream> streams_ = {{"short", 0, 1, 8, 2s, 6s, {}},
                                        {"long", 0, 1, 8, 10s, 40s, {}},
                                        {"low", -2, 1, 1, 5s, 20s, 16min},
                                        {"gang", 0, 4, 1, 5s, 20s, 3min}};
  Random random_;
  Scheduler core_;
  Changes out_;
  BootTime now_{1'000'000'000'000};
  std::int64_t runs_ = 0;
  std::map<std::int64_t, Asked> asked_;
  std::multimap<BootTime, Running> running_;
  std::map<std::string, Duration> had_;
  std::vector<std::string> wrong_;
};

}  // namespace

std::vector<std::string> play_turns(std::uint64_t seed, Defect defect) {
  return Hour(seed, defect).run();
}

}  // namespace assay::simulation
