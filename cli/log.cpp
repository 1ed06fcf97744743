// assay log: what the boards' consoles said, with the steps in between.

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/interrupts.hpp"
#include "cli/words.hpp"
#include "evidence/record.hpp"
#include "wire/run_parts.hpp"
#include "wire/scalar.hpp"

namespace assay::cli {
namespace {

constexpr std::size_t longest_line = 4096;  // a console without line ends is cut here

class LogWriter {
 public:
  LogWriter(const LogOptions& options, bool roles)
      : options_(options), roles_(roles), colour_(terminal_of(stdout).colour) {}

  bool take(const v1::Event& event) {
    if (options_.events) {
      fmt::print("{}", to_json_line(event));
      return std::fflush(stdout) == 0;
    }
    at_ = wire::duration_of(event.at());
    if (event.has_console() && !event.console().sent()) {
      if (!options_.role.empty() && event.role() != options_.role) return true;
      if (options_.raw) tell_gap(event);
      return options_.raw ? write_raw(event.console().data())
                          : console(event.role(), event.console().data());
    }
    if (options_.raw) return true;
    if (event.has_step_started())
      say({{"-- " + printable(event.step_started().text()), Tone::bold}});
    if (event.has_step_ended() && event.step_ended().state() != v1::STEP_STATE_PASSED &&
        event.step_ended().state() != v1::STEP_STATE_SKIPPED) {
      const auto& step = event.step_ended();
      say({{fmt::format("-- {}{}", step_word(step.state()),
                        step.sentence().empty() ? "" : ": " + printable(step.sentence())),
            tone_of(step.state())}});
    }
    if (event.has_power())
      say({{fmt::format("-- power {}", event.power().on() ? "on" : "off"), Tone::dim}});
    if (event.has_reset()) say({{"-- reset", Tone::dim}});
    if (event.has_note()) say({{"-- " + printable(event.note().text()), Tone::dim}});
    return true;
  }
  void flush() {
    for (auto& [role, partial] : partial_) {
      if (!partial.empty()) lines(role, std::exchange(partial, ""));
    }
    std::fflush(stdout);
  }

 private:
  static bool write_raw(const std::string& bytes) {
    return write_all(STDOUT_FILENO, as_bytes(bytes), {}).has_value();
  }

  // Not among the bytes; otherwise a note in the log says it.
  void tell_gap(const v1::Event& event) {
    std::uint64_t& next = next_[event.role()];
    const auto& console = event.console();
    if (console.offset() > next) {
      fmt::print(stderr, "assay: {}: {} left out before byte {}\n", printable(event.role()),
                 human_size(console.offset() - next), console.offset());
    }
    next = console.offset() + console.data().size();
  }

  bool console(const std::string& role, const std::string& bytes) {
    std::string& partial = partial_[role];
    partial += bytes;
    const auto end = partial.rfind('\n');
    if (end != std::string::npos) {
      const std::string whole = partial.substr(0, end + 1);
      partial.erase(0, end + 1);
      lines(role, whole);
    }
    if (partial.size() > longest_line) lines(role, std::exchange(partial, ""));
    std::fflush(stdout);
    return std::ferror(stdout) == 0;
  }
  // One at a time: console_lines() keeps only the last of many.
  void lines(const std::string& role, const std::string& whole) {
    for (const auto line : split(whole, '\n')) {
      for (const auto& shown : evidence::console_lines(line)) {
        say({{roles_ ? printable(role) + " " : "", Tone::dim}, {shown}});
      }
    }
  }
  void say(Line line) {
    const double seconds = std::chrono::duration<double>(at_).count();
    line.insert(line.begin(), Span{fmt::format("{:9.3f} ", seconds), Tone::dim});
    fmt::print("{}\n", to_text(line, 0, colour_));
  }

  const LogOptions& options_;
  bool roles_, colour_;
  Duration at_{};
  std::map<std::string, std::string> partial_;
  std::map<std::string, std::uint64_t> next_;  // offset, by role
};

class Log {
 public:
  Log(const LogOptions& options, Client& client, std::stop_token stop)
      : options_(options), client_(client), stop_(std::move(stop)) {}

  Result<> run() {
    v1::Run run = TRY(client_.get_run(options_.run.substr(0, options_.run.find('.'))));
    std::vector<std::string> jobs;
    for (const auto& job : run.jobs()) {
      if (is_asked(job)) jobs.push_back(job.id());
    }
    if (jobs.empty() && !run.jobs().empty()) {
      return fail(Cause::not_found, "no job or attempt '{}'; see 'assay show {}'",
                  printable(options_.run), printable(run.id()));
    }
    if ((options_.raw || options_.events) && jobs.size() > 1) {
      return fail(Cause::invalid, "{} has {} jobs: choose one, for example {}", run.id(),
                  jobs.size(), jobs.front());
    }
    several_ = jobs.size() > 1;
    for (const auto& id : jobs) TRY(follow_job(run, id));
    return {};
  }

 private:
  bool is_asked(const v1::Job& job) const {
    const std::string& word = options_.run;
    return word.find('.') == std::string::npos || word == job.id() ||
           word.starts_with(job.id() + ".");
  }
  [[nodiscard]] bool names_attempt() const {
    return std::count(options_.run.begin(), options_.run.end(), '.') >= 2;
  }

  Result<> follow_job(v1::Run& run, const std::string& id) {
    int shown = -1;
    while (true) {
      const auto found = std::find_if(run.jobs().begin(), run.jobs().end(),
                                      [&](const auto& job) { return job.id() == id; });
      if (found == run.jobs().end()) return {};
      const v1::Job job = *found;
      if (names_attempt()) {
        for (const auto& attempt : job.attempts()) {
          if (attempt.id() == options_.run) return show(attempt);
        }
        return fail(Cause::not_found, "no attempt '{}'; {} has {}", printable(options_.run),
                    job.id(), job.attempts_size());
      }
      const int last = job.attempts_size() - 1;
      if (shown < last) {
        shown = shown < 0 ? last : shown + 1;
        TRY(show(job.attempts(shown)));
        if (options_.follow) run = TRY(client_.get_run(run.id()));
        continue;
      }
      if (!options_.follow || job.state() == v1::RUN_STATE_ENDED) return {};
      run = TRY(next_state(run.id(), id, last));
    }
  }

  // Until the job has another attempt, or has ended.
  Result<v1::Run> next_state(const std::string& run_id, const std::string& job_id, int last) {
    std::stop_source enough;
    const std::stop_callback both(stop_, [&] { enough.request_stop(); });
    v1::Run latest;
    auto watched = client_.watch_run(run_id, enough.get_token(), [&](v1::Run&& part, bool) {
      wire::merge(latest, std::move(part));
      for (const auto& job : latest.jobs()) {
        if (job.id() == job_id &&
            (job.attempts_size() - 1 > last || job.state() == v1::RUN_STATE_ENDED))
          enough.request_stop();
      }
    });
    if (stop_.stop_requested()) return fail(Cause::cancelled, "interrupted");
    if (!watched && !enough.stop_requested()) return tl::unexpected(watched.error());
    return latest;
  }

  Result<> show(const v1::Attempt& attempt) {
    if (!options_.role.empty() && !attempt.boards().contains(options_.role)) {
      std::vector<std::string> roles;
      for (const auto& [role, board] : attempt.boards()) roles.push_back(role);
      return fail(Cause::not_found, "{} has no role '{}'; it has {}", attempt.id(),
                  printable(options_.role), join(roles));
    }
    if (several_ && !options_.raw)
      print(stdout, Line{{"== " + printable(attempt.id()), Tone::bold}});
    LogWriter writer(options_, attempt.boards_size() > 1 && options_.role.empty());
    auto read = client_.read_events(attempt.id(), 0, options_.follow, stop_,
                                    [&](const v1::Event& event) { return writer.take(event); });
    writer.flush();
    return read;
  }

  const LogOptions& options_;
  Client& client_;
  std::stop_token stop_;
  bool several_ = false;
};

}  // namespace

int execute(const LogOptions& options, const std::string& server) {
  Interrupts interrupts;
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto done = Log(options, *client, interrupts.token()).run();
  return done ? 0
              : complain(done.error().text.starts_with("no run") ? client->about_run(done.error())
                                                                 : done.error());
}

}  // namespace assay::cli
