// The live stream of one run: "run", "lines" and "timeline" events, as the comment
// in web.proto has them. A reader stands, for each console, at the number of the
// next line that it wants, so nothing is missed or told twice.
#pragma once

#include <assay/v1/orchestrator.pb.h>
#include <assay/v1/web.pb.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/run_parts.hpp"
#include "base/clock.hpp"
#include "web/live_source.hpp"
#include "web/producer.hpp"

namespace assay::web {

class LiveRun final : public Producer {
 public:
  // `wake`: something changed; on any thread, must only pass the word on.
  LiveRun(LiveSource, std::int64_t number, std::function<void()> wake);

  Result<News> news(BootTime now) override;
  Result<std::string> catch_up(Place&) override;
  // The run has ended.
  [[nodiscard]] bool over() const override { return over_; }

 private:
  struct Console {
    std::string name, role;               // "r17.1.1/dut"
    std::uint64_t next = 0;               // number of the first line that was not told as complete
    std::optional<v1::ConsoleLine> open;  // told of the line `next`
    bool ended = false;                   // told
    std::uint64_t version = 0;            // of what was told
  };
  struct Attempt {
    std::string id;
    std::shared_ptr<void> watch;
    std::shared_ptr<std::atomic<bool>> stored = std::make_shared<std::atomic<bool>>(true);
    bool look_at_lines = true, look_at_timeline = true;
    bool ended = false;
    std::vector<Console> consoles;
    std::string marks;          // of the timeline told last
    std::string timeline;       // as JSON; "": to be asked for
    std::uint64_t version = 0;  // of it
    std::optional<BootTime> told;
  };

  Result<> look(std::string& out);
  Result<> tell_run(std::string& out);
  void find_consoles();
  Result<bool> tell_lines(Attempt&, Console&, std::string& out);
  Result<> tell_timeline(Attempt&, BootTime now, News&);
  Result<> catch_up_run(Place&, std::string& out);
  Result<bool> catch_up_attempts(Place&, std::string& out);
  Result<bool> catch_up_lines(Place&, const Attempt&, const Console&, std::string& out);
  Result<std::string> timeline_of(const Attempt&) const;
  std::uint64_t begin_at(const Place&, const Console&) const;
  void add_lines(std::string& out, const v1::ConsoleLines&, const std::string& id) const;

  LiveSource source_;
  const std::string id_;
  const std::function<void()> wake_;
  api::RunParts parts_;
  std::shared_ptr<std::atomic<bool>> changed_ = std::make_shared<std::atomic<bool>>(true);
  std::shared_ptr<void> watch_;
  v1::Run run_;  // all that was told of it
  std::uint64_t version_ = 0;
  std::string whole_;  // run_ as JSON, of whole_version_
  std::uint64_t whole_version_ = 0;
  std::deque<Attempt> attempts_;  // in the order of parts_.attempts()
  Cursor cursor_;                 // of those that are level
  bool first_ = true;             // nobody is level yet
  bool over_ = false;
};

}  // namespace assay::web
