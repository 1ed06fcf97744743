// The jobs that wait, and which of them are worth a look.
//
// A kind is all waiting jobs that can run on just the same boards: when the first of
// them finds none, none does, and nobody looks at it again before something that it
// `watches` changes. Within a kind each project has a lane for each of its priorities, in
// order of submission. A lane gains one level of priority for each `ageing` that it
// was passed over, so that none starves: see docs/SCHEDULING.md.
// Not thread-safe. References stay valid until the lane's last job is removed.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "scheduler/types.hpp"

namespace assay::scheduler {

class Queue {
 public:
  struct Kind;
  struct Lane {
    Kind* kind = nullptr;
    std::string project;
    std::int32_t priority = 0;
    BootTime since{};  // when it was served last, or began to wait
    std::set<JobId> jobs;
    bool listed = false;  // during a round of placement
  };
  struct Kind {
    std::string name;
    std::vector<std::string> watches;  // profiles, boards or leases that it needs
    bool wary = false;  // to be looked at whatever changes there, not only when a board gets free
    bool blocked = false;  // looked at, and nothing changed since
    bool woken = false;
    std::map<std::pair<std::string, std::int32_t>, Lane> lanes;
    std::vector<std::string> reserved;  // boards kept for its first job, when it was looked at
    JobId keeper;                       // that job
  };
  // The higher level first; then the project that had less; then the older job.
  using Rank = std::tuple<std::int64_t, std::int64_t, JobId>;

  struct Entry {
    JobId job;
    std::string project;
    std::int32_t priority = 0;
    std::string kind;
    std::vector<std::string> watches;
    bool wary = false;
  };
  Lane& add(const Entry&, BootTime now);
  // The kind, if it is still there.
  Kind* remove(Lane&, JobId);

  // Something that is watched changed; `free`: a board can be had.
  void wake(const std::string& watched, bool free);
  void wake(Kind&);
  void wake_kind(const std::string& name);  // if it is still there
  [[nodiscard]] std::vector<Kind*> take_woken();

  [[nodiscard]] static std::int64_t level(const Lane&, BootTime now, Duration ageing);
  [[nodiscard]] const std::map<std::string, Kind>& kinds() const { return kinds_; }
  [[nodiscard]] std::vector<const Kind*> watching(const std::string& watched) const;
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::map<std::string, Kind> kinds_;
  std::map<std::string, std::vector<Kind*>> watchers_;
  std::vector<Kind*> woken_;
  std::size_t size_ = 0;
};

}  // namespace assay::scheduler
