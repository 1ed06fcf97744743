// assay report, and the run as lib/formats takes it.

#include <fmt/core.h>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/interrupts.hpp"
#include "cli/report_html.hpp"
#include "cli/report_run.hpp"
#include "cli/words.hpp"
#include "formats/junit.hpp"
#include "formats/tap.hpp"
#include "wire/event.hpp"
#include "wire/scalar.hpp"

namespace assay::cli {
namespace {

std::optional<evidence::Verdict> verdict_of(v1::Verdict verdict) {
  const auto known = wire::verdict_from_proto(verdict);
  return known ? std::optional(*known) : std::nullopt;
}

formats::ReportStep step_of(const v1::StepResult& from) {
  formats::ReportStep step{
      from.id(),       from.text(), from.place(), std::nullopt,
      from.sentence(), {},          {},           wire::duration_of(from.took())};
  if (const auto state = wire::step_state_from_proto(from.state())) step.state = *state;
  for (const auto& finding : from.findings()) {
    const auto says = wire::says_from_proto(finding.says());
    step.findings.push_back({finding.channel(), finding.expected(), finding.observed(),
                             says ? *says : evidence::Finding::Says::cannot_tell});
  }
  step.console.assign(from.console().begin(), from.console().end());
  return step;
}

}  // namespace

formats::RunReport report_of(const v1::Run& run) {
  formats::RunReport report{
      run.id(), run.plan(), run.project(), run.rev(), run.ref(), run.started_unix_micros(), {}};
  for (const auto& from : run.jobs()) {
    formats::ReportJob job{from.id(),
                           from.profile(),
                           {from.params().begin(), from.params().end()},
                           verdict_of(from.verdict()),
                           from.sentence(),
                           {}};
    for (const auto& attempt : from.attempts()) {
      const std::int64_t micros = attempt.ended_unix_micros() > attempt.started_unix_micros()
                                      ? attempt.ended_unix_micros() - attempt.started_unix_micros()
                                      : 0;
      job.attempts.push_back({attempt.id(),
                              attempt.agent(),
                              {attempt.boards().begin(), attempt.boards().end()},
                              verdict_of(attempt.verdict()),
                              attempt.sentence(),
                              std::chrono::microseconds(micros),
                              {}});
      for (const auto& step : attempt.steps()) job.attempts.back().steps.push_back(step_of(step));
    }
    report.jobs.push_back(std::move(job));
  }
  return report;
}

Result<> write_report(const std::string& text, const std::string& file) {
  if (file != "-") return write_file(file, as_bytes(text));
  std::fwrite(text.data(), 1, text.size(), stdout);
  return std::fflush(stdout) == 0 ? Result<>()
                                  : fail(Cause::io, "standard output cannot be written");
}

Result<> write_junit(const v1::Run& run, const std::string& file) {
  return write_report(formats::to_junit(report_of(run)), file);
}

int execute(const ReportOptions& options, const std::string& server) {
  const Interrupts interrupts;
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto run = client->get_run(options.run);
  if (!run) return complain(client->about_run(run.error()));
  if (run->state() != v1::RUN_STATE_ENDED)
    fmt::print(stderr, "assay: {} has not ended yet\n", run->id());
  if (!options.html.empty()) {
    if (const auto wrote =
            write_html(*client, *run, options.max_size, options.html, interrupts.token());
        !wrote)
      return complain(wrote.error());
  }
  if (!options.junit.empty()) {
    if (const auto wrote = write_junit(*run, options.junit); !wrote) return complain(wrote.error());
  }
  if (!options.tap.empty()) {
    if (const auto wrote = write_report(formats::to_tap(report_of(*run)), options.tap); !wrote)
      return complain(wrote.error());
  }
  if (options.json) fmt::print("{}", to_json(*run));
  return 0;
}

}  // namespace assay::cli
