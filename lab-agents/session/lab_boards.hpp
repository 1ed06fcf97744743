// The boards of this agent: their device hosts, the epochs that outlive the
// agent, and whether each is fit for use.
//
// session/ladder.hpp has what is done with a board that is not.
//
// Thread-safe. make_safe() and recover() block (bounded) and are called at the
// start and by the attempt threads.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "hosts/hosted_board.hpp"
#include "hosts/launcher.hpp"
#include "plans/job_spec.hpp"
#include "plans/lab.hpp"
#include "session/ladder.hpp"

namespace assay::session {

class LabBoards {
 public:
  struct Entry {
    plans::LabBoard facts;
    std::vector<std::string>
        abilities;  // its devices', and its profile's where it is a shipped one
    std::unique_ptr<hosts::HostedBoard> board;
    plans::Profile profile;  // as the last job said, or the shipped one
    std::string quarantine;  // "" when usable
    std::string recovery;    // the last climb that took more than its first rung, or ""
  };

  // Starts every device host. A board whose hosts do not start is quarantined,
  // with the reason, never an error of the whole agent.
  static Result<std::unique_ptr<LabBoards>> open(const plans::Lab&,
                                                 const std::filesystem::path& state,
                                                 hosts::HostProcesses&,
                                                 const std::filesystem::path& host_program);

  // Switches every board off, all at once: a new incarnation's first act.
  void make_safe();

  // nullptr: no such board.
  hosts::HostedBoard* find(const std::string& id);
  [[nodiscard]] std::vector<std::string> ids() const;
  // A snapshot for hello and board changes.
  struct View {
    std::string id, profile, quarantine, recovery;
    std::vector<std::string> abilities, tags;
    std::uint64_t epoch = 0;
  };
  View view(const std::string& id) const;

  // A lease begins: refuses an epoch that is not above every one seen; on disk
  // before it returns.
  Result<> raise_epoch(const std::string& id, std::uint64_t epoch);

  // Not to be used for the reason `why`, until recover() finds it fit; "": usable.
  void set_aside(const std::string& id, const std::string& why);
  // The board type as a job has it: how the board is to be recovered.
  void learn(const std::string& id, const plans::Profile&);
  // After a lab error, or where it could not be switched off: climbs the recovery
  // ladder, and looks for room for an attempt on the agent's disk. Only the first
  // rung is quick enough for somebody who waits.
  struct Recovered {
    std::string why;                // the board must not be used, or ""
    std::vector<std::string> told;  // what was done, in order
  };
  Recovered recover(const std::string& id, Ladder::Reach, const std::stop_token& stop = {});

 private:
  explicit LabBoards(std::filesystem::path state) : state_(std::move(state)) {}
  Result<> load_epochs();
  Result<> check_room(const std::string& id) const;

  const std::filesystem::path state_;
  // Constant after open(), but for profile, quarantine and recovery.
  std::map<std::string, Entry> boards_;

  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> epochs_;    // highest seen by this incarnation
  std::map<std::string, std::uint64_t> reserved_;  // on disk: no epoch above it was ever used
};

}  // namespace assay::session
