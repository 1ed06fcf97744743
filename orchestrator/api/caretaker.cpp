#include "api/caretaker.hpp"

#include <assay/v1/orchestrator.pb.h>

#include <algorithm>

#include "api/runs.hpp"
#include "api/submit.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "plans/shipped.hpp"
#include "scheduler/types.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::api {

namespace {

constexpr std::string_view request_prefix = "health-check-";
constexpr std::string_view project = "health";
constexpr std::int32_t before_all = 100;  // the highest priority there is

// Of thousands of boards something changes all the time.
constexpr Duration rest = std::chrono::seconds(1);

}  // namespace

Caretaker::Caretaker(Backend& backend, Types types)
    : backend_(backend), types_(std::move(types)), book_([this](const std::string& profile) {
        const auto found = types_.find(profile);
        return found == types_.end() ? plans::HealthCheck{} : found->second;
      }) {}

Result<std::unique_ptr<Caretaker>> Caretaker::start(Backend& backend) {
  Types types;
  for (const std::string& name : plans::shipped_profiles()) {
    const auto profile = plans::shipped_profile(name);
    if (profile && !profile->health.plan.empty()) types[name] = profile->health;
  }
  std::unique_ptr<Caretaker> made(new Caretaker(backend, std::move(types)));
  TRY(made->adopt());
  if (made->types_.empty() && made->runs_.empty()) return made;  // nothing to do, ever
  made->works_ = true;
  made->thread_ =
      std::jthread([care = made.get()](const std::stop_token& stop) { care->loop(stop); });
  made->boards_changed();
  return made;
}

Caretaker::~Caretaker() {
  stop();
}

void Caretaker::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

// A run keeps who asked for it: the board stands in its stored request.
Result<> Caretaker::adopt() {
  for (const auto& row : TRY(backend_.parts.store.open_work()).runs) {
    if (!row.request_id.starts_with(request_prefix)) continue;
    const auto whole = TRY(backend_.parts.store.run(row.number));
    v1::SubmitRunRequest request;
    if (!whole || !request.ParseFromString(whole->request)) continue;
    runs_[scheduler::run_name(row.number)] = request.board();
    checks_ = true;
    book_.began(request.board());
  }
  return {};
}

void Caretaker::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void Caretaker::boards_changed() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(boards_asked_, true)) return;
  }
  wake_.notify_one();
}

void Caretaker::run_changed(const std::string& run) {
  if (checks_) post([this, run] { look_at_run(run); });
}

void Caretaker::attempt_ended(const std::string& attempt, dispatch::Outcome outcome) {
  if (outcome == dispatch::Outcome::lab_error && works_)
    post([this, attempt] { look_at_lab_error(attempt); });
}

void Caretaker::loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    for (const auto& due : book_.take_due(BootTime::now())) begin(due);
    const auto next_check = book_.next_due();
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      Deadline until = next_check ? Deadline::at(*next_check) : Deadline::never();
      if (boards_asked_) until = until.sooner(Deadline::at(looked_ + rest));
      const bool asked = boards_asked_;
      wake_.wait_for(lock, stop, std::min<Duration>(until.left(), std::chrono::hours(1)),
                     [&] { return !tasks_.empty() || boards_asked_ != asked; });
      if (!tasks_.empty()) {
        task = std::move(tasks_.front());
        tasks_.pop_front();
      } else if (boards_asked_ && BootTime::now() >= looked_ + rest) {
        boards_asked_ = false;
        task = [this] { look_at_boards(); };
      }
    }
    if (task) task();
  }
}

void Caretaker::look_at_boards() {
  looked_ = BootTime::now();
  std::map<std::string, std::string> incarnations;
  for (const auto& agent : backend_.parts.dispatcher.agents()) {
    if (agent.connected) incarnations[agent.facts.name] = agent.facts.incarnation;
  }
  std::vector<CareBook::Seen> all;
  for (const auto& board : backend_.parts.dispatcher.boards()) {
    const bool online = board.state != "offline";
    all.push_back({board.facts.id, board.facts.profile, incarnations[board.agent],
                   online && board.facts.quarantine.empty(),
                   online && board.state != "quarantined"});
  }
  book_.saw(all, BootTime::now());
}

void Caretaker::begin(const CareBook::Due& due) {
  v1::SubmitRunRequest request;
  request.set_plan_name(due.plan);
  request.set_project(std::string(project));
  request.set_board(due.board);
  request.set_profile(due.profile);
  request.set_ref(due.why);
  request.set_priority(before_all);
  request.set_request_id(wire::wire_text(
      fmt::format("{}{:x}-{}", request_prefix, BootTime::now().ns, due.board), wire::max_name));
  checks_ = true;
  auto run = compile_run(backend_, request).and_then([&](dispatch::NewRun compiled) {
    return backend_.parts.dispatcher.submit(std::move(compiled));
  });
  if (run) {
    runs_[*run] = due.board;
    look_at_run(*run);  // it may have ended before it was known here
    return;
  }
  spdlog::warn("the health of board {} cannot be checked by plan {}: {}", due.board, due.plan,
               run.error().text);
  book_.ended(due.board, BootTime::now());
}

void Caretaker::look_at_run(const std::string& run) {
  const auto ours = runs_.find(run);
  if (ours == runs_.end()) return;
  const auto number = scheduler::parse_run(run);
  const auto row =
      number ? backend_.parts.store.run(*number) : Result<std::optional<store::RunRow>>();
  if (!row || !*row || (*row)->state != "ended") return;
  const std::string board = ours->second;
  runs_.erase(ours);
  checks_ = !runs_.empty();
  book_.ended(board, BootTime::now());
  if ((*row)->verdict == "passed" || (*row)->verdict == "cancelled") return;
  const auto done = backend_.parts.dispatcher.quarantine(
      board, wire::wire_text(fmt::format("its health check {} ended as {}: {}", run,
                                         (*row)->verdict, (*row)->sentence),
                             wire::max_text));
  if (!done)
    spdlog::error("board {} did not pass its health check {}, but it cannot be quarantined: {}",
                  board, run, done.error().text);
}

void Caretaker::look_at_lab_error(const std::string& attempt) {
  const auto id = scheduler::parse_attempt(attempt);
  if (!id || is_ours(scheduler::run_name(id->job.run))) return;
  const auto known = find_attempt(backend_, attempt);
  if (!known) return spdlog::warn("{}: {}", attempt, known.error().text);
  for (const auto& [role, board] : known->boards()) book_.lab_error(board, BootTime::now());
}

}  // namespace assay::api
