#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
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
      if (!attempts_.contains({row.run, row.job, row.number})) take_boards(row);
      upsert(attempts_, std::make_tuple(row.run, row.job, row.number), row);
    }
    for (const BoardRow& row : batch.boards) upsert(boards_, row.id, row);
    for (const WearRow& row : batch.wear) {
      const auto use = uses_.find({row.run, row.job, row.number, row.board});
      if (use != uses_.end()) use->second = row;
    }
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
    // attempts_ is in order of runs.
    for (auto at = attempts_.rbegin();
         at != attempts_.rend() && std::ssize(work.took) < took_at_most; ++at) {
      const AttemptRow& row = at->second;
      if (row.verdict != "passed" && row.verdict != "failed") continue;
      const RunRow& run = runs_.at(row.run);
      if (run.hold == 0)
        work.took.push_back(
            {run.plan, jobs_.at({row.run, row.job}).profile, row.ended - row.started});
    }
    std::reverse(work.took.begin(), work.took.end());
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

  Result<RunPage> runs(const RunFilter& filter) override {
    const std::lock_guard lock(mutex_);
    RunPage page;
    std::int64_t looked = 0;
    for (auto at = runs_.rbegin(); at != runs_.rend(); ++at) {
      const RunRow& row = at->second;
      if (filter.before != 0 && row.number >= filter.before) continue;
      const bool wanted = lets_through(filter, row);
      if (page.rows.size() == filter.limit && wanted) {
        page.next = page.rows.empty() ? row.number + 1 : page.rows.back().number;
        break;
      }
      if (looked++ == look_back) {
        page.next = row.number + 1;
        break;
      }
      if (!wanted) continue;
      page.rows.push_back(row);
      page.rows.back().request.clear();
    }
    return page;
  }

  Result<std::int64_t> count_runs(const std::string& state) override {
    const std::lock_guard lock(mutex_);
    return std::count_if(runs_.begin(), runs_.end(),
                         [&](const auto& one) { return one.second.state == state; });
  }

  Result<std::optional<RunRow>> last_passed(const std::string& plan, const std::string& project,
                                            std::int64_t before) override {
    const std::lock_guard lock(mutex_);
    for (auto at = std::make_reverse_iterator(runs_.lower_bound(before)); at != runs_.rend();
         ++at) {
      const RunRow& row = at->second;
      if (row.plan != plan || row.project != project || row.verdict != "passed") continue;
      RunRow found = row;
      found.request.clear();
      return found;
    }
    return std::nullopt;
  }

  Result<BoardUses> board_uses(const std::string& board, std::uint32_t limit) override {
    const std::lock_guard lock(mutex_);
    BoardUses out;
    for (const auto& [key, wear] : uses_) {
      if (std::get<3>(key) != board) continue;
      const auto& row = attempts_.at({std::get<0>(key), std::get<1>(key), std::get<2>(key)});
      const RunRow& run = runs_.at(row.run);
      out.newest.push_back({row.run, row.job, row.number, run.plan, run.project, run.rev, run.ref,
                            row.state, row.verdict, row.sentence, row.started, row.ended,
                            wear.has_value()});
      if (!wear) continue;
      out.power_switches += wear->power_switches;
      out.flash_cycles += wear->flash_cycles;
    }
    std::sort(out.newest.begin(), out.newest.end(), [](const UseRow& a, const UseRow& b) {
      return std::tie(a.started, a.run, a.job, a.number) >
             std::tie(b.started, b.run, b.job, b.number);
    });
    if (out.newest.size() > limit) out.newest.resize(limit);
    return out;
  }

  Result<std::vector<OutcomeRow>> outcomes(Axis axis,
                                           const std::vector<std::int64_t>& runs) override {
    const std::lock_guard lock(mutex_);
    std::vector<OutcomeRow> out;
    for (const std::int64_t run : runs) {
      std::vector<JobRow> jobs;
      append(jobs, jobs_, std::make_tuple(run, 0), run);
      for (const JobRow& job : jobs) {
        if (axis == Axis::profile) {
          out.push_back({run, job.profile, job.state, job.verdict});
          continue;
        }
        const auto last = attempts_.lower_bound({run, job.index + 1, 0});
        if (last == attempts_.begin()) continue;
        const AttemptRow& row = std::prev(last)->second;
        if (row.run != run || row.job != job.index) continue;
        for (auto use = uses_.lower_bound({run, row.job, row.number, ""});
             use != uses_.end() && std::get<0>(use->first) == run &&
             std::get<1>(use->first) == row.job && std::get<2>(use->first) == row.number;
             ++use) {
          out.push_back({run, std::get<3>(use->first), row.state, row.verdict});
        }
      }
    }
    return out;
  }

  Result<std::vector<JobRow>> jobs(std::int64_t number) override {
    const std::lock_guard lock(mutex_);
    std::vector<JobRow> rows;
    append(rows, jobs_, std::make_tuple(number, 0), number);
    for (JobRow& row : rows) row.spec.clear();
    return rows;
  }

  Result<std::string> job_spec(std::int64_t run, std::int32_t job) override {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find({run, job});
    return found == jobs_.end() ? std::string() : found->second.spec;
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

  static bool contains(const std::string& text, const std::string& part) {
    const auto same = [](char a, char b) { return lower(a) == lower(b); };
    return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
  }
  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

  bool lets_through(const RunFilter& filter, const RunRow& row) {
    const auto wanted = [](const std::string& have, const std::string& want) {
      return want.empty() || have == want;
    };
    if (!wanted(row.plan, filter.plan) || !wanted(row.project, filter.project) ||
        !wanted(row.ref, filter.ref) || !wanted(row.rev, filter.rev)) {
      return false;
    }
    if (row.state != filter.status && !wanted(row.verdict, filter.status)) return false;
    if (!filter.profile.empty()) {
      std::vector<JobRow> jobs;
      append(jobs, jobs_, std::make_tuple(row.number, 0), row.number);
      const auto has = [&](const JobRow& job) { return job.profile == filter.profile; };
      if (std::none_of(jobs.begin(), jobs.end(), has)) return false;
    }
    if (filter.text.empty()) return true;
    for (const std::string* text : {&row.sentence, &row.plan, &row.project, &row.rev, &row.ref}) {
      if (contains(*text, filter.text)) return true;
    }
    return false;
  }

  // The boards that an attempt which begins takes.
  void take_boards(const AttemptRow& row) {
    const auto leases = nlohmann::json::parse(row.leases_json, nullptr, false);
    if (!leases.is_array()) return;
    for (const auto& lease : leases) {
      if (!lease.is_object() || !lease.contains("board") || !lease["board"].is_string()) continue;
      uses_.try_emplace({row.run, row.job, row.number, lease["board"].get<std::string>()});
    }
  }

  std::mutex mutex_;
  std::map<std::int64_t, RunRow> runs_;
  std::map<std::string, std::int64_t> requests_;
  std::set<std::int64_t> open_;
  std::map<std::tuple<std::int64_t, std::int32_t>, JobRow> jobs_;
  std::map<std::tuple<std::int64_t, std::int32_t, std::int32_t>, AttemptRow> attempts_;
  std::map<std::string, BoardRow> boards_;
  std::map<std::tuple<std::int64_t, std::int32_t, std::int32_t, std::string>,
           std::optional<WearRow>>
      uses_;
};

}  // namespace

std::unique_ptr<Store> open_memory() {
  return std::make_unique<MemoryStore>();
}

}  // namespace assay::store
