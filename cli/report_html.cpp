#include "cli/report_html.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <map>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/report_run.hpp"
#include "plans/shipped.hpp"
#include "reports/artifact_facts.hpp"
#include "reports/static_report.hpp"
#include "reports/to_messages.hpp"
#include "wire/event.hpp"

#include "assay/v1/web.pb.h"

namespace assay::cli {
namespace {

constexpr std::uint64_t max_artifact = 16ULL << 20;  // bytes that are looked into
constexpr std::size_t max_page = 8U << 20;           // of the template

// Where assayd looks for them, too.
Result<std::string> page_template() {
  std::filesystem::path folder;
  if (const char* named = std::getenv("ASSAY_PAGES"); named != nullptr && *named != '\0') {
    folder = named;
  } else {
    folder = TRY(plans::share_folder()) / "reports/pages/dist";
  }
  const auto file = folder / "report.html";
  auto bytes = read_file(file, max_page);
  if (!bytes && bytes.error().cause == Cause::not_found)
    return fail(Cause::not_found, "{}: not there; type: ./dev build", file.string());
  if (!bytes) return tl::unexpected(bytes.error());
  return std::string(bytes->begin(), bytes->end());
}

// One attempt on its way into the report.
class AttemptEvidence {
 public:
  AttemptEvidence(std::string attempt, std::size_t budget)
      : attempt_(std::move(attempt)), budget_(budget) {}

  void add(const evidence::Event& event, std::list<reports::ReportedConsole>& consoles) {
    fold_.add(event);
    const auto* console = std::get_if<evidence::ConsoleBytes>(&event.body);
    if (console == nullptr || console->sent) return;
    auto [at, is_new] = roles_.try_emplace(event.role);
    Role& role = at->second;
    if (is_new) {
      consoles.emplace_back(attempt_, event.role);
      role.kept = &consoles.back();
      role.kept->shrink(budget_);
    }
    const auto keep = [&](reports::ConsoleLine&& line) { role.kept->add(std::move(line)); };
    if (console->offset != role.next) role.text.gap(keep);
    role.next = console->offset + console->bytes.size();
    role.text.add(event.at,
                  {reinterpret_cast<const char*>(console->bytes.data()), console->bytes.size()},
                  keep);
  }
  void end() {
    for (auto& [name, role] : roles_) {
      if (auto line = role.text.open()) role.kept->add(std::move(*line));
    }
  }
  void fill(v1::StaticReport* report) const {
    reports::fill(attempt_, fold_, report->add_timelines());
    for (const auto& [name, role] : roles_) {
      const auto* folded = fold_.console(name);
      role.kept->fill(folded == nullptr ? role.next : folded->bytes(), fold_.ended(),
                      folded == nullptr ? "" : reports::cut_of(*folded), report);
    }
  }

 private:
  struct Role {
    reports::ConsoleText text;
    std::uint64_t next = 0;
    reports::ReportedConsole* kept = nullptr;
  };
  const std::string attempt_;
  const std::size_t budget_;
  reports::AttemptFold fold_;
  std::map<std::string, Role> roles_;
};

Result<> read_evidence(Client& client, const v1::Run& run, std::size_t budget,
                       v1::StaticReport* report, const std::stop_token& stop) {
  std::list<reports::ReportedConsole> consoles;
  std::list<AttemptEvidence> attempts;
  for (const auto& job : run.jobs()) {
    for (const auto& attempt : job.attempts()) {
      auto& evidence = attempts.emplace_back(attempt.id(), budget);
      Result<> understood;
      TRY(client.read_events(attempt.id(), 0, false, stop, [&](const v1::Event& event) {
        auto known = wire::from_proto(event);
        if (!known) understood = tl::unexpected(known.error());
        if (known) evidence.add(*known, consoles);
        return understood.has_value();
      }));
      TRY(understood);
      evidence.end();
    }
  }
  std::vector<std::size_t> sizes;
  for (const auto& console : consoles) sizes.push_back(console.size());
  const std::size_t share = reports::fair_size(sizes, budget);
  for (auto& console : consoles) {
    console.shrink(share);
    if (console.missing() > 0) {
      report->add_cut(fmt::format("{} of {} lines of {}'s console in {}", console.missing(),
                                  console.lines(), printable(console.role()), console.attempt()));
    }
  }
  for (const auto& evidence : attempts) evidence.fill(report);
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
  *report->mutable_baseline()->mutable_run() = TRY(client.get_run(found.runs(0).id()));
  return {};
}

}  // namespace

Result<> write_html(Client& client, const v1::Run& run, std::uint64_t max_bytes,
                    const std::string& file, std::stop_token stop) {
  // First: without it nothing else is of use.
  const std::string page = TRY(page_template());
  v1::StaticReport report;
  *report.mutable_run() = run;
  report.set_version(std::string(version));
  report.set_made_unix_micros(std::chrono::duration_cast<std::chrono::microseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count());
  TRY(read_evidence(client, run, max_bytes, &report, stop));
  for (const auto& named : run.artifacts()) TRY(read_artifact(client, named, &report, stop));
  TRY(read_baseline(client, run, &report));
  for (const auto& named : report.baseline().run().artifacts())
    TRY(read_artifact(client, named, &report, stop));
  return write_report(TRY(reports::report_page(page, TRY(reports::embedded_json(report)))), file);
}

}  // namespace assay::cli
