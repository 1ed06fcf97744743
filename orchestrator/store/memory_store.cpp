#include <algorithm>
#include <mutex>
#include <set>
#include <tuple>

#include "store/store.hpp"
#include "store/update.hpp"

namespace assay::store {

namespace {

template <class Rows, class Key, class Row>
void upsert(Rows& rows, const Key& key, const Row& row) {
  const auto [at, fresh] = rows.try_emplace(key, row);
  if (!fresh) update(at->second, row);
}

class MemoryStore final : public Store {
 public:
  Result<> commit(const Batch& batch) override {
    const std::lock_guard lock(mutex_);
    for (const RunRow& row : batch.runs) {
      const auto other = requests_.find(row.request_id);
      if (other != requests_.end() && other->second != row.number) {
        return fail(Cause::internal, "memory: request id '{}' is r{}'s", row.request_id,
                    other->second);
      }
    }
    for (const RunRow& row : batch.runs) {
      upsert(runs_, row.number, row);
      if (!row.request_id.empty()) requests_[row.request_id] = row.number;
      if (row.state == "ended")
        open_.erase(row.number);
      else
        open_.insert(row.number);
    }
    for (const JobRow& row : batch.jobs) upsert(jobs_, std::make_tuple(row.run, row.index), row);
    for (const AttemptRow& row : batch.attempts) {
      upsert(attempts_, std::make_tuple(row.run, row.job, row.number), row);
    }
    for (const BoardRow& row : batch.boards) upsert(boards_, row.id, row);
    return {};
  }

  Result<OpenWork> open_work() override {
    const std::lock_guard lock(mutex_);
    OpenWork work;
    for (const std::int64_t number : open_) {
      work.runs.push_back(runs_.at(number));
      append(work.jobs, jobs_, std::make_tuple(number, 0), number);
      append(work.attempts, attempts_, std::make_tuple(number, 0, 0), number);
    }
    for (const auto& [id, row] : boards_) work.boards.push_back(row);
    if (!runs_.empty()) work.last_run = runs_.rbegin()->first;
    return work;
  }

  Result<std::optional<RunRow>> run(std::int64_t number) override {
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find(number);
    return found == runs_.end() ? std::nullopt : std::optional(found->second);
  }

  Result<std::optional<RunRow>> run_by_request(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    const auto found = requests_.find(id);
    return found == requests_.end() ? std::nullopt : std::optional(runs_.at(found->second));
  }

  Result<std::vector<RunRow>> runs(const RunFilter& filter) override {
    const std::lock_guard lock(mutex_);
    std::vector<RunRow> rows;
    const auto wanted = [](const std::string& have, const std::string& want) {
      return want.empty() || have == want;
    };
    for (auto at = runs_.rbegin(); at != runs_.rend() && rows.size() < filter.limit; ++at) {
      const RunRow& row = at->second;
      if (filter.before != 0 && row.number >= filter.before) continue;
      if (!wanted(row.plan, filter.plan) || !wanted(row.project, filter.project) ||
          !wanted(row.ref, filter.ref))
        continue;
      if (!wanted(row.state == "ended" ? row.verdict : row.state, filter.status)) continue;
      rows.push_back(row);
      rows.back().request.clear();
    }
    return rows;
  }

  Result<std::vector<JobRow>> jobs(std::int64_t number) override {
    const std::lock_guard lock(mutex_);
    std::vector<JobRow> rows;
    append(rows, jobs_, std::make_tuple(number, 0), number);
    return rows;
  }

  Result<std::vector<AttemptRow>> attempts(std::int64_t number) override {
    const std::lock_guard lock(mutex_);
    std::vector<AttemptRow> rows;
    append(rows, attempts_, std::make_tuple(number, 0, 0), number);
    return rows;
  }

  Result<std::string> identity() override { return std::string("memory"); }

 private:
  // The rows of one run: `from` is its lowest key.
  template <class Row, class Rows, class Key>
  static void append(std::vector<Row>& out, const Rows& rows, const Key& from,
                     std::int64_t number) {
    for (auto at = rows.lower_bound(from); at != rows.end() && at->second.run == number; ++at) {
      out.push_back(at->second);
    }
  }

  std::mutex mutex_;
  std::map<std::int64_t, RunRow> runs_;
  std::map<std::string, std::int64_t> requests_;
  std::set<std::int64_t> open_;
  std::map<std::tuple<std::int64_t, std::int32_t>, JobRow> jobs_;
  std::map<std::tuple<std::int64_t, std::int32_t, std::int32_t>, AttemptRow> attempts_;
  std::map<std::string, BoardRow> boards_;
};

}  // namespace

std::unique_ptr<Store> open_memory() {
  return std::make_unique<MemoryStore>();
}

}  // namespace assay::store
