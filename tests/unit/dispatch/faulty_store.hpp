// A store that fails commits when told, before or after they are on disk.
#pragma once

#include <atomic>
#include <mutex>

#include "store/store.hpp"

namespace assay::dispatch {

class FaultyStore final : public store::Store {
 public:
  enum class Fault { none, full, lost_answer };

  void fail_next(Fault fault, int times = 1) {
    const std::lock_guard lock(mutex_);
    fault_ = fault;
    times_ = times;
  }
  void fail_reads(bool fail) { reads_fail_ = fail; }
  // Commits wait until opened again: to pile up requests.
  void hold(bool held) {
    held_ = held;
    held_.notify_all();
  }
  int commits() const { return commits_; }

  Result<> commit(const store::Batch& batch) override {
    held_.wait(true);
    Fault fault = Fault::none;
    {
      const std::lock_guard lock(mutex_);
      if (times_ > 0) {
        --times_;
        fault = fault_;
      }
    }
    if (fault == Fault::full)
      return assay::fail(Cause::exhausted, "/state/assay.db: the disk is full");
    ++commits_;
    auto result = memory_->commit(batch);
    if (fault == Fault::lost_answer)
      return assay::fail(Cause::io, "/state/assay.db: disk I/O error");
    return result;
  }
  Result<store::OpenWork> open_work() override {
    if (reads_fail_) return assay::fail(Cause::io, "/state/assay.db: cannot be read");
    return memory_->open_work();
  }
  Result<std::optional<store::RunRow>> run(std::int64_t n) override { return memory_->run(n); }
  Result<std::optional<store::RunRow>> run_by_request(const std::string& id) override {
    return memory_->run_by_request(id);
  }
  Result<store::RunPage> runs(const store::RunFilter& f) override { return memory_->runs(f); }
  Result<std::int64_t> count_runs(const std::string& state) override {
    return memory_->count_runs(state);
  }
  Result<std::optional<store::RunRow>> last_passed(const std::string& plan,
                                                   const std::string& project,
                                                   std::int64_t before) override {
    return memory_->last_passed(plan, project, before);
  }
  Result<store::BoardUses> board_uses(const std::string& board, std::uint32_t limit) override {
    return memory_->board_uses(board, limit);
  }
  Result<std::vector<store::OutcomeRow>> outcomes(store::Axis axis,
                                                  const std::vector<std::int64_t>& runs) override {
    return memory_->outcomes(axis, runs);
  }
  Result<std::vector<store::JobRow>> jobs(std::int64_t n) override { return memory_->jobs(n); }
  Result<std::string> job_spec(std::int64_t run, std::int32_t job) override {
    return memory_->job_spec(run, job);
  }
  Result<std::vector<store::AttemptRow>> attempts(std::int64_t n) override {
    return memory_->attempts(n);
  }
  Result<std::string> identity() override { return memory_->identity(); }

 private:
  std::unique_ptr<store::Store> memory_ = store::open_memory();
  std::mutex mutex_;
  Fault fault_ = Fault::none;
  int times_ = 0;
  std::atomic<bool> held_ = false, reads_fail_ = false;
  std::atomic<int> commits_ = 0;
};

}  // namespace assay::dispatch
