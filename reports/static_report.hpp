// A run's evidence as one HTML file that needs no server: the page that Vite
// builds (reports/pages/dist/report.html) with a v1::StaticReport in it.
//
// The file never takes more than its limit. What is not console must fit as it is;
// consoles share what it leaves, and the file says what was cut of them. Memory: at
// most about three times the limit and one attempt's fold, however many attempts
// there are. A value with one owner. Sizes in bytes.
#pragma once

#include <assay/v1/web.pb.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "evidence/event.hpp"
#include "reports/reported_console.hpp"

namespace assay::reports {

class StaticReport {
 public:
  using Write = std::function<Result<>(std::string_view)>;

  // `head`: all but timelines, consoles and what was cut. Cause::invalid when the
  // page does not have the data's place exactly once.
  static Result<StaticReport> make(std::string page, const v1::StaticReport& head,
                                   std::uint64_t limit);
  StaticReport(StaticReport&&) noexcept;
  ~StaticReport();

  // What the file takes so far without the lines of its consoles. Nothing more can
  // be added once it is beyond the limit.
  [[nodiscard]] std::uint64_t fixed() const { return fixed_; }

  // Cause::exhausted when fixed() is beyond the limit. So does end_attempt().
  Result<> begin_attempt(const std::string& id);
  // Of the attempt that has begun, in order, each once.
  void add(const evidence::Event&);
  Result<> end_attempt();

  // All of it, in pieces of some size. Ends with the first error of `write`.
  Result<> write(const Write& write) const;

 private:
  struct Attempt;
  // Of an attempt that has ended.
  struct Console {
    std::unique_ptr<ReportedConsole> lines;
    std::string attempt, role;
    std::string head;  // its ConsoleLines as JSON, without lines and the last brace
  };
  StaticReport() = default;
  [[nodiscard]] Result<> check() const;
  // The budget among all consoles.
  void share();

  std::uint64_t limit_ = 0, fixed_ = 0;
  std::string before_, after_;  // the page around the data
  std::string head_;            // as JSON, without the last brace
  std::vector<std::string> timelines_;
  std::vector<Console> consoles_;
  std::uint64_t kept_ = 0;  // what consoles_ take
  std::unique_ptr<Attempt> attempt_;
};

}  // namespace assay::reports
