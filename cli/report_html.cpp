#include "cli/report_html.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/options.hpp"
#include "plans/shipped.hpp"
#include "reports/artifact_facts.hpp"
#include "reports/static_report.hpp"
#include "wire/event.hpp"

#include "assay/v1/web.pb.h"

namespace assay::cli {
namespace {

constexpr std::uint64_t max_artifact = 16ULL << 20;  // bytes that are looked into
constexpr std::size_t max_page = 8U << 20;           // of the template

Result<std::string> page_template() {
  const auto file = TRY(plans::pages_folder()) / "report.html";
  auto page = read_text(file, max_page);
  if (!page && page.error().cause == Cause::not_found)
    return fail(Cause::not_found, "{}: not there; type: ./dev build", file.string());
  return page;
}

Result<> read_attempt(Client& client, const std::string& attempt, reports::StaticReport& report,
                      const std::stop_token& stop) {
  TRY(report.begin_attempt(attempt));
  Result<> understood;
  TRY(client.read_events(attempt, 0, false, stop, [&](const v1::Event& event) {
    auto known = wire::from_proto(event);
    if (!known) understood = tl::unexpected(known.error());
    if (known) report.add(*known);
    return understood.has_value();
  }));
  TRY(understood);
  return report.end_attempt();
}

Result<> read_evidence(Client& client, const v1::Run& run, reports::StaticReport& report,
                       const std::stop_token& stop) {
  for (const auto& job : run.jobs()) {
    for (const auto& attempt : job.attempts()) {
      TRY(read_attempt(client, attempt.id(), report, stop));
    }
  }
  return {};
}

Result<> read_artifact(Client& client, const v1::NamedArtifact& named, v1::StaticReport* report,
                       const std::stop_token& stop) {
  for (const auto& known : report->artifacts()) {
    if (known.sha256() == named.sha256()) return {};
  }
  auto* info = report->add_artifacts();
  info->set_sha256(named.sha256());
  info->set_size(named.size());
  if (named.size() > max_artifact) {
    info->set_problem("larger than what a report looks into");
    return {};
  }
  std::string bytes;
  const auto got =
      client.get_artifact(named.sha256(), 0, stop, [&](std::string_view piece) -> Result<> {
        if (bytes.size() + piece.size() > max_artifact)
          return fail(Cause::invalid, "artifact {} is larger than it was said to be",
                      named.sha256());
        bytes += piece;
        return {};
      });
  if (!got && got.error().cause != Cause::not_found) return tl::unexpected(got.error());
  if (!got) info->set_problem("not kept any more");
  if (got) reports::fill(named.sha256(), as_bytes(bytes), info);
  return {};
}

// The newest run before it of the same plan and project that passed.
Result<> read_baseline(Client& client, const v1::Run& run, v1::StaticReport* report) {
  v1::ListRunsRequest request;
  request.set_plan(run.plan());
  request.set_project(run.project());
  request.set_status("passed");
  request.set_page_size(1);
  request.set_page_token(run.id());
  const auto found = TRY(client.list_runs(request));
  if (found.runs().empty()) return {};
  auto& baseline = *report->mutable_baseline()->mutable_run();
  baseline = TRY(client.get_run(found.runs(0).id()));
  // Compared is what was tested, as HTTP has it.
  baseline.clear_jobs();
  return {};
}

// A larger limit than is allowed helps nobody.
Error too_large(const v1::Run& run, std::uint64_t fixed, std::uint64_t max_mib) {
  const std::uint64_t mib = (fixed + (1U << 20) - 1) >> 20;
  return {Cause::invalid,
          fmt::format("{}: without its consoles the report takes at least {} MiB, --max-size {} "
                      "allows {}: {}",
                      printable(run.id()), mib, max_mib, max_mib,
                      mib <= max_report_mib
                          ? fmt::format("give --max-size {} or more", mib)
                          : fmt::format("more than {} are not possible", max_report_mib))};
}

Result<> write_page(const reports::StaticReport& report, const std::string& file) {
  if (file != "-") {
    return write_pieces(file, [&](const WritePiece& write) {
      return report.write([&](std::string_view piece) { return write(as_bytes(piece)); });
    });
  }
  return report.write([](std::string_view piece) -> Result<> {
    if (std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() &&
        std::fflush(stdout) == 0)
      return {};
    return fail(Cause::io, "standard output cannot be written");
  });
}

}  // namespace

Result<> write_html(Client& client, const v1::Run& run, std::uint64_t max_mib,
                    const std::string& file, std::stop_token stop) {
  // First: without it nothing else is of use.
  std::string page = TRY(page_template());
  v1::StaticReport head;
  *head.mutable_run() = run;
  head.set_version(std::string(version));
  head.set_made_unix_micros(std::chrono::duration_cast<std::chrono::microseconds>(
                                std::chrono::system_clock::now().time_since_epoch())
                                .count());
  for (const auto& named : run.artifacts()) TRY(read_artifact(client, named, &head, stop));
  TRY(read_baseline(client, run, &head));
  for (const auto& named : head.baseline().run().artifacts())
    TRY(read_artifact(client, named, &head, stop));
  auto report = TRY(reports::StaticReport::make(std::move(page), head, max_mib << 20));
  head.Clear();
  const auto read = read_evidence(client, run, report, stop);
  // Also of a run without attempts.
  if (report.fixed() > max_mib << 20)
    return tl::unexpected(too_large(run, report.fixed(), max_mib));
  TRY(read);
  return write_page(report, file);
}

}  // namespace assay::cli
