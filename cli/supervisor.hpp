// Programs that are started, watched, started again when they die, and ended.
// One thread, one poll(2): the caller's, which must be the process's only one,
// because the children die with it (PR_SET_PDEATHSIG).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/process.hpp"
#include "base/result.hpp"

namespace assay::cli {

class Supervisor {
 public:
  struct Child {
    std::string name;               // "assayd", for messages
    std::vector<std::string> args;  // may be changed before it is started again
    std::filesystem::path log;      // its standard error, appended
    std::string ready;              // how the line begins that says so: "ready grpc="
    std::string ready_line;         // that line
    std::unique_ptr<Process> process = nullptr;
    UniqueFd out = UniqueFd();
    std::string partial = "";
    std::uintmax_t log_from = 0;  // where this incarnation's words begin
    std::vector<BootTime> deaths = {};
  };

  static constexpr int most_deaths = 5;
  static constexpr Duration within = std::chrono::minutes(1);

  // Blocks SIGINT, SIGTERM, SIGHUP and SIGCHLD and adopts orphans.
  Supervisor(std::function<void(const std::string&)> say);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Starts it and waits for its ready line. Errors quote what it said: Cause::
  // invalid when it ended with 2, Cause::cancelled when a signal came.
  Result<> start(Child&, Duration);
  // Until a signal (success), or a child that died too often.
  Result<> watch();
  // The last started first: SIGTERM, then SIGKILL after the grace, or at once on a
  // further signal. Then orphans. An error when one, asked to end, ended with
  // anything but 0 or by SIGTERM: a crash at the end is a defect, too.
  Result<> end();

  Child& add(std::string name, std::vector<std::string> args, std::filesystem::path log,
             std::string ready);

 private:
  enum class What { nothing, signal, ready, died };
  struct Happening {
    What what = What::nothing;
    Child* child = nullptr;
    ExitStatus status;
  };
  Result<> launch(Child&);
  Result<Happening> next(Deadline);
  void read_out(Child&, bool& ready);
  Error ended_early(Child&, ExitStatus);
  Result<> again(Child&, ExitStatus);

  std::function<void(const std::string&)> say_;
  UniqueFd signals_;
  std::vector<std::unique_ptr<Child>> children_;
};

// The last lines of a file from `from` on, each with two spaces in front.
std::string last_words(const std::filesystem::path& log, std::uintmax_t from);

}  // namespace assay::cli
