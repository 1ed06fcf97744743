#include "session/running_attempt.hpp"

#include "base/file.hpp"
#include "base/log.hpp"

namespace assay::session {

using evidence::AttemptEnded;
using evidence::Verdict;

namespace {
constexpr Duration fetch_time = std::chrono::minutes(5);
}

// Numbers events into the spool. The last one is held back until the boards have
// been looked after, because assayd leases them anew as soon as it sees it.
class RunningAttempt::Sink : public executor::EventSink {
 public:
  explicit Sink(RunningAttempt& attempt) : attempt_(attempt) {}

  void emit(const std::string& role, const std::string& board, evidence::Body body) override {
    const std::lock_guard lock(mutex_);
    if (auto* end = std::get_if<AttemptEnded>(&body)) {
      end_ = std::move(*end);
      return;
    }
    if (end_) return;
    append(role, board, std::move(body));
    if (const auto trouble = attempt_.spool_->trouble()) {
      attempt_.stop(Verdict::lab_error, "the agent cannot keep events: " + *trouble);
    }
  }

  // Of what was done with the boards since.
  void after_all(const std::string& role, const std::string& board, evidence::Body body) {
    const std::lock_guard lock(mutex_);
    append(role, board, std::move(body));
  }

  void release() {
    const std::lock_guard lock(mutex_);
    append(
        "", "",
        end_.value_or(AttemptEnded{Verdict::lab_error, "the executor gave no verdict", -1, true}));
  }

 private:
  void append(const std::string& role, const std::string& board, evidence::Body body) {
    attempt_.spool_->append({0, BootTime::now() - start_, role, board, std::move(body)});
  }

  RunningAttempt& attempt_;
  const BootTime start_ = BootTime::now();
  std::mutex mutex_;
  std::optional<AttemptEnded> end_;
};

RunningAttempt::RunningAttempt(AttemptOrder order, Surroundings around,
                               std::shared_ptr<spool::Spool> spool, std::function<void()> on_end)
    : order_(std::move(order)),
      around_(std::move(around)),
      spool_(std::move(spool)),
      on_end_(std::move(on_end)),
      thread_([this] { run(stop_.get_token()); }) {}

RunningAttempt::~RunningAttempt() {
  stop(Verdict::lab_error, "the agent is stopping");
}

void RunningAttempt::stop(Verdict verdict, const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    if (!reason_) reason_ = {verdict, why};
  }
  stop_.request_stop();
}

std::pair<Verdict, std::string> RunningAttempt::reason() {
  const std::lock_guard lock(mutex_);
  return reason_.value_or(std::pair{Verdict::lab_error, std::string("the agent is stopping")});
}

Result<std::map<std::string, std::filesystem::path>> RunningAttempt::fetch_artifacts(
    std::stop_token stop, std::vector<ArtifactCache::Pin>& pins) {
  std::map<std::string, std::filesystem::path> files;
  for (const plans::Artifact& artifact : order_.spec.artifacts) {
    if (!artifact.from.empty()) continue;
    pins.push_back(TRY(around_.artifacts.fetch(around_.stub, artifact.sha256, artifact.size,
                                               {Deadline::after(fetch_time), stop})));
    files[artifact.name] = pins.back().file();
  }
  return files;
}

std::string RunningAttempt::role_of(const std::string& board) const {
  for (const auto& lease : order_.leases) {
    if (lease.board == board) return lease.role;
  }
  return "";
}

void RunningAttempt::run(std::stop_token stop) {
  Sink sink(*this);
  std::vector<ArtifactCache::Pin> pins;
  AttemptEnded end;
  std::vector<std::string> unfit;  // to be looked after before they are leased anew
  const auto files = fetch_artifacts(stop, pins);
  const auto scratch = around_.scratch / order_.id;
  const auto made = make_folders(scratch);
  if (!files || !made) {
    end = {Verdict::lab_error, !files ? files.error().text : made.error().text, -1, true};
    if (stop.stop_requested()) std::tie(end.verdict, end.sentence) = reason();
    sink.emit("", "", evidence::AttemptStarted{unix_micros(), around_.agent, around_.environment});
    sink.emit("", "", end);
  } else {
    executor::AttemptInputs inputs{order_.spec,
                                   {},
                                   *files,
                                   scratch,
                                   around_.agent,
                                   around_.environment,
                                   [this] { return reason(); }};
    for (const auto& lease : order_.leases) {
      inputs.boards[lease.role] = {around_.boards.find(lease.board), lease.epoch};
    }
    auto result = executor::run_attempt(inputs, sink, stop);
    end = std::move(result.end);
    unfit = std::move(result.left_on);
  }
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
  if (end.verdict == Verdict::lab_error) {
    unfit.clear();
    for (const auto& lease : order_.leases) unfit.push_back(lease.board);
  }
  for (const auto& board : unfit) {
    for (const auto& role : order_.spec.roles) {
      if (role_of(board) == role.name) around_.boards.learn(board, role.profile);
    }
    // The verdict waits for this; the session climbs on.
    const auto recovered = around_.boards.recover(board, Ladder::Reach::first_rung);
    for (const std::string& rung : recovered.told)
      sink.after_all(role_of(board), board, evidence::Note{"recovery: " + rung});
    if (!recovered.why.empty())
      sink.after_all(role_of(board), board, evidence::Note{"quarantined: " + recovered.why});
  }
  // Before on_end_(): the session waits for what comes after it.
  spool_->append_tails();
  // In this order: the session must count the boards as free before assayd can
  // see the last event and lease them anew.
  on_end_();
  sink.release();
}

}  // namespace assay::session
