// Flash tools as programs: started without a shell in a session of their own,
// killed with all that they started at the deadline or when called off, and what
// they say of a failure turned into words and a cause.
//
// Single-threaded (a device host's).
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abilities/ability.hpp"
#include "base/process.hpp"
#include "base/result.hpp"

namespace assay::drivers {

// What a tool prints when something is wrong, and what that means.
struct Symptom {
  std::string_view printed;  // part of its output, the case does not matter
  std::string_view means;    // "no probe with this id is attached"
  Cause cause = Cause::device;
  bool no_target = false;  // the probe is there, the chip does not answer
  bool wires = false;      // it answers wrongly: a slower clock may help, as it may no_target
};
inline constexpr std::string_view no_target_means =
    "the target does not answer: has the board power, are the wires right?";

// The clock of a probe's wires: the one that was asked for, or half or a quarter of it
// where the chip does not understand that (a long cable).
class WireClock {
 public:
  static constexpr int most_steps = 2;
  // 0: the tool's own, which is not known; then there is nothing slower.
  explicit WireClock(std::int64_t hertz) : hertz_(hertz) {}
  [[nodiscard]] std::int64_t hertz() const { return hertz_ >> steps_; }
  bool slow_down() {
    if (hertz_ == 0 || steps_ == most_steps) return false;
    ++steps_;
    return true;
  }
  // It did not help.
  void restore() { steps_ = 0; }
  // ", at 500 kHz as 1000 kHz failed", or "".
  [[nodiscard]] std::string about() const;

 private:
  std::int64_t hertz_;
  int steps_ = 0;
};

class Tool {
 public:
  // `program` is looked for beside this program, then in PATH. `get_it` is what to
  // type when there is none.
  Tool(std::string program, std::string get_it, std::span<const Symptom> symptoms)
      : program_(std::move(program)), get_it_(std::move(get_it)), symptoms_(symptoms) {}

  // What it printed, when it ended well. Cause::device when there is no such
  // program, when it runs past its time and when it fails: the first symptom that
  // fits, then the tail of what it said.
  // `heard` gets what it prints, as it comes.
  using Heard = std::function<void(std::string_view)>;
  Result<std::string> run(std::vector<std::string> arguments, Duration limit,
                          const abilities::Order&, const Heard& heard = nullptr) const;
  // The same, more slowly where that may help; the clock remembers what worked.
  using Arguments = std::function<std::vector<std::string>(const WireClock&)>;
  Result<std::string> run(const Arguments&, WireClock&, Duration limit, const abilities::Order&,
                          const std::function<Heard()>& heard = nullptr) const;
  // Whatever its exit status.
  Result<Output> try_run(std::vector<std::string> arguments, Duration limit,
                         const abilities::Order&, const Heard& heard = nullptr) const;
  // Whether the probe reaches the chip; unproven where only that fails.
  Result<abilities::Health> reaches(const std::vector<std::string>& arguments, Duration limit,
                                    const abilities::Order&) const;
  // Asks for its version, once; of a run with another argument than --version the
  // exit status does not matter.
  void ask_version(const abilities::Order&, const std::string& how = "--version");
  // " 0.46.0", or "" while it is not known.
  [[nodiscard]] const std::string& version() const { return version_; }

  // Of a run that failed: the first symptom that fits, then the tail of what it said.
  [[nodiscard]] Error explain(const std::vector<std::string>& arguments, const Output&) const;

 private:
  [[nodiscard]] const Symptom* symptom_in(const Output&) const;
  [[nodiscard]] std::string found() const;
  std::string program_, get_it_, version_;
  std::span<const Symptom> symptoms_;
};

}  // namespace assay::drivers
