#include "api/console_hold.hpp"

#include <assay/v1/orchestrator.pb.h>

#include <algorithm>

#include "api/runs.hpp"
#include "api/submit.hpp"
#include "base/log.hpp"
#include "scheduler/types.hpp"

namespace assay::api {

static constexpr const char* plan_text =
    "plan: console\n"
    "roles: { dut: { needs: [console] } }\n"
    "steps:\n"
    "  - hold: { for: 8h }\n";

Result<> ConsoleHold::begin(const dispatch::Dispatcher::BoardView& board, const std::string& person,
                            const std::string& lease, std::function<void(Result<>)> told) {
  v1::SubmitRunRequest request;
  request.mutable_plan()->set_name("<assay console>");
  request.mutable_plan()->set_text(plan_text);
  request.set_profile(board.facts.profile);
  request.set_board(board.facts.id);
  request.set_leave_as_is(true);
  request.set_for_console(true);
  request.set_person(person);
  request.set_lease(lease);
  const std::string run =
      TRY(backend_.parts.dispatcher.submit(TRY(compile_run(backend_, std::move(request)))));
  {
    const std::lock_guard lock(mutex_);
    run_ = run;
    if (!ended_) {
      told_ = std::move(told);
      run_watch_ = backend_.runs->watch(run, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->wake();
      });
      post();
      return {};
    }
  }
  cancel(run);
  return fail(Cause::cancelled, "the console was left");
}

void ConsoleHold::end() {
  std::string run;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(ended_, true)) return;
    told_ = nullptr;
    run = run_;
  }
  if (!run.empty()) cancel(run);
}

std::string ConsoleHold::run() {
  const std::lock_guard lock(mutex_);
  return run_;
}

void ConsoleHold::cancel(std::string run) {
  backend_.requests.post([self = shared_from_this(), run = std::move(run)] {
    const auto done = self->backend_.parts.dispatcher.cancel_run(run, "the console was left");
    // Its hold may be over.
    if (!done) spdlog::info("{}", done.error().text);
  });
}

void ConsoleHold::wake() {
  const std::lock_guard lock(mutex_);
  again_ = true;
  if (!busy_ && told_) post();
}

void ConsoleHold::post() {
  busy_ = true;
  backend_.requests.post([self = shared_from_this()] { self->look(); });
}

void ConsoleHold::look() {
  {
    const std::lock_guard lock(mutex_);
    again_ = false;
  }
  auto found = held();
  std::function<void(Result<>)> told;
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    if (!told_) return;
    if (found && !*found) {
      if (again_) post();
      return;
    }
    told = std::exchange(told_, nullptr);
  }
  run_watch_.reset();
  events_watch_.reset();
  told(found ? Result<>() : tl::unexpected(found.error()));
}

Result<bool> ConsoleHold::held() {
  const std::string run = this->run();
  const auto number = TRY(run_number(run));
  const auto row = TRY(backend_.parts.store.run(number));
  if (!row || row->state == "ended") {
    return fail(Cause::refused, "{} ended before it held the board: {}", run,
                row ? row->sentence : "it is not there any more");
  }
  const auto attempts = TRY(backend_.parts.store.attempts(number));
  if (attempts.empty()) return false;
  const auto& last = attempts.back();
  const std::string attempt = to_string(scheduler::AttemptId{{last.run, last.job}, last.number});
  if (attempt != attempt_) {
    attempt_ = attempt;
    events_watch_ = backend_.parts.segments.watch(attempt, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake();
    });
  }
  bool holds = false;
  TRY(backend_.records.read(attempt, [&](const evidence::AttemptRecord& record) {
    holds = std::any_of(record.steps().begin(), record.steps().end(),
                        [](const auto& step) { return !step.state; });
  }));
  return holds;
}

Result<> end_orphaned_holds(const Parts& parts) {
  for (const auto& row : TRY(parts.store.open_work()).runs) {
    v1::SubmitRunRequest request;
    if (!request.ParseFromString(row.request) || !request.for_console()) continue;
    const std::string run = scheduler::run_name(row.number);
    spdlog::info("{}: ends with the console of an earlier assayd", run);
    if (row.cancelling.empty()) TRY(parts.dispatcher.cancel_run(run, "assayd was restarted"));
  }
  return {};
}

}  // namespace assay::api
