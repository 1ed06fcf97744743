#include "cli/report_html.hpp"

#include <fmt/core.h>

#include <chrono>
#include <list>
#include <map>

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/report_run.hpp"
#include "plans/shipped.hpp"
#include "reports/artifact_facts.hpp"
#include "reports/gaps.hpp"
#include "reports/static_report.hpp"
#include "reports/to_messages.hpp"
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
    if (role.gaps.before(console->offset, console->bytes.size()) > 0) role.text.gap(keep);
    role.text.add(event.at, as_text(console->bytes), keep);
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
      if (folded == nullptr) continue;  // one of too many roles
      role.kept->fill(folded->bytes(), fold_.ended(), reports::cut_of(*folded), report);
    }
  }

 private:
  struct Role {
    reports::ConsoleText text;
    reports::Gaps gaps;
    reports::ReportedConsole* kept = nullptr;
  };
  const std::string attempt_;
  const std::size_t budget_;
  reports::AttemptFold fold_;
  std::map<std::string, Role> roles_;
};

void share(std::list<reports::ReportedConsole>& consoles, std::size_t budget) {
  std::vector<std::size_t> sizes;
  for (const auto& console : consoles) sizes.push_back(console.size());
  const std::size_t size = reports::fair_size(sizes, budget);
  for (auto& console : consoles) console.shrink(size);
}

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
      // Each time: together they never take much more than the budget.
      share(consoles, budget);
    }
  }
  for (const auto& console : consoles) {
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
