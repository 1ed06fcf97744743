// The boards of this agent: their device hosts, the epochs that outlive the
// agent, and whether each is fit for use.
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
#include "plans/lab.hpp"

namespace assay::session {

class LabBoards {
 public:
  struct Entry {
    plans::LabBoard facts;
    std::vector<std::string>
        abilities;  // its devices', and its profile's where it is a shipped one
    std::unique_ptr<hosts::HostedBoard> board;
    std::string quarantine;  // "" when usable
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
    std::string id, profile, quarantine;
    std::vector<std::string> abilities, tags;
    std::uint64_t epoch = 0;
  };
  View view(const std::string& id) const;

  // A lease begins: refuses an epoch that is not above every one seen; on disk
  // before it returns.
  Result<> raise_epoch(const std::string& id, std::uint64_t epoch);

  // Not to be used for the reason `why`, until recover() finds it fit; "": usable.
  void set_aside(const std::string& id, const std::string& why);
  // After a lab error, or where it could not be switched off: hosts started anew,
  // switched off, every ability checked, and room for an attempt on the agent's disk.
  // Returns why the board must not be used, or "".
  std::string recover(const std::string& id, const std::stop_token& stop = {});

 private:
  explicit LabBoards(std::filesystem::path state) : state_(std::move(state)) {}
  Result<> load_epochs();
  std::string switch_off(Entry&, const std::stop_token& stop = {});
  Result<> check_room(const std::string& id) const;

  const std::filesystem::path state_;
  std::map<std::string, Entry> boards_;  // constant after open(), but for quarantine

  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> epochs_;    // highest seen by this incarnation
  std::map<std::string, std::uint64_t> reserved_;  // on disk: no epoch above it was ever used
};

}  // namespace assay::session
