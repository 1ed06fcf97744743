// assay plan check, schema, list: all offline.

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/input_files.hpp"
#include "cli/words.hpp"
#include "plans/check.hpp"
#include "plans/shipped.hpp"

namespace assay::cli {

int execute(const PlanCheckOptions& options, const std::string&) {
  const auto checks = plans::check_files({options.files.begin(), options.files.end()});
  bool good = true;
  auto json = nlohmann::ordered_json{{"files", nlohmann::ordered_json::array()}};
  for (const auto& check : checks) {
    good = good && check.findings.empty();
    if (options.json) {
      auto findings = nlohmann::ordered_json::array();
      for (const auto& finding : check.findings) {
        findings.push_back({{"file", printable(finding.place.file)},
                            {"line", finding.place.line},
                            {"column", finding.place.column},
                            {"text", printable(finding.text)}});
      }
      json["files"].push_back({{"id", printable(check.file)},
                               {"kind", check.kind},
                               {"name", printable(check.name)},
                               {"findings", std::move(findings)}});
      continue;
    }
    if (check.findings.empty())
      fmt::print("{}: {} '{}' is good\n", printable(check.file), check.kind, printable(check.name));
    for (const auto& finding : check.findings)
      fmt::print(stderr, "{}\n", plans::to_string(finding));
  }
  if (options.json) fmt::print("{}\n", json.dump(1));
  return good ? 0 : 2;
}

int execute(const PlanSchemaOptions&, const std::string&) {
  fmt::print("{}", plans::plan_schema());
  return 0;
}

int execute(const PlanListOptions& options, const std::string&) {
  const auto share = plans::share_folder();
  if (!share) return complain(share.error());
  v1::ListPlansResponse list;
  for (const auto& name : plans::shipped_plans()) {
    const auto input = read_plan(name);
    if (!input) return complain(input.error());
    auto* info = list.add_plans();
    info->set_id(name);
    info->set_about(input->plan.about);
    for (const auto& artifact : input->plan.artifacts) {
      if (artifact.from.empty()) info->add_artifacts(artifact.name);
    }
    for (const auto& role : input->plan.roles) {
      for (const auto& [ability, place] : role.needs) info->add_needs(ability);
    }
  }
  if (options.json) {
    fmt::print("{}", to_json(list));
    return 0;
  }
  std::vector<Line> rows;
  for (const auto& info : list.plans()) {
    const std::vector<std::string> artifacts(info.artifacts().begin(), info.artifacts().end());
    rows.push_back({{printable(info.id()), Tone::bold},
                    {printable(info.about())},
                    {join(artifacts), Tone::dim}});
  }
  print(stdout, table(rows));
  return 0;
}

}  // namespace assay::cli
