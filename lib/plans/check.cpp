#include "plans/check.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <system_error>

#include "base/file.hpp"
#include "base/text.hpp"
#include "plans/compile.hpp"
#include "plans/lab.hpp"
#include "plans/profile.hpp"
#include "plans/shipped.hpp"

namespace assay::plans {
namespace {

namespace fs = std::filesystem;

// The first line that begins with a word and a colon tells.
std::string kind_of(std::string_view text) {
  for (const std::string_view line : split(text, '\n')) {
    for (const std::string_view kind : {"plan", "fragment", "profile", "lab"}) {
      if (line.starts_with(kind) && line.substr(kind.size()).starts_with(':'))
        return std::string(kind);
    }
  }
  return "";
}

// A name that no known board type has is a slip; which board types run the plan
// is known only when it is submitted.
void check_markers(const Plan& plan, const FragmentSource& fragments, Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const std::string& name : shipped_profiles()) {
    if (const auto profile = shipped_profile(name)) {
      for (const Marker& marker : profile->markers) known.push_back(marker.name);
    }
  }
  if (known.empty()) return;
  for (const MarkerUse& use : markers_used(plan, fragments)) {
    if (!looks_like_marker_name(use.text)) continue;
    if (std::find(known.begin(), known.end(), use.text) != known.end()) continue;
    const std::string near = did_you_mean(use.text, known);
    // Without a near one it may belong to a board type of the user's own.
    if (!near.empty()) {
      diagnostics.add(use.place,
                      fmt::format("no board type has the marker '{}'{}", use.text, near));
    }
  }
}

void check_lab_profiles(const Lab& lab, Diagnostics& diagnostics) {
  const auto known = shipped_profiles();
  if (known.empty()) return;
  for (const LabBoard& board : lab.boards) {
    if (std::find(known.begin(), known.end(), board.profile) != known.end()) continue;
    const std::string near = did_you_mean(board.profile, known);
    diagnostics.add(board.place, fmt::format("no board type '{}'{}", printable(board.profile),
                                             near.empty() ? ": there are " + join(known) : near));
  }
}

void check_text(const std::string& text, const fs::path& path, FileCheck& result) {
  const std::string& file = result.file;
  Diagnostics diagnostics;
  const auto take = [&](auto& parsed) {
    if (!parsed) diagnostics.add(std::move(parsed.error()));
    return parsed.has_value();
  };
  if (result.kind == "plan") {
    auto plan = parse_plan(text, file);
    if (take(plan)) {
      result.name = plan->name;
      const FragmentSource fragments = fragments_beside(path);
      diagnostics.add(check(*plan, fragments));
      if (diagnostics.empty()) check_markers(*plan, fragments, diagnostics);
    }
  } else if (result.kind == "fragment") {
    auto fragment = parse_fragment(text, file);
    if (take(fragment)) result.name = fragment->name;
  } else if (result.kind == "profile") {
    auto profile = parse_profile(text, file, shipped_profile_sources());
    if (take(profile)) result.name = profile->name;
  } else if (result.kind == "lab") {
    auto lab = parse_lab(text, file);
    if (take(lab)) {
      result.name = lab->name;
      check_lab_profiles(*lab, diagnostics);
    }
  } else {
    // A syntax error says more than that the kind is not known.
    parse_yaml(text, file, diagnostics);
    if (diagnostics.empty()) {
      diagnostics.add(
          {file, 1, 1},
          "not a document of Assay's: begin with 'plan: NAME' (or fragment, profile, lab)");
    }
  }
  result.findings = diagnostics.take();
}

}  // namespace

FragmentSource fragments_beside(const fs::path& plan_file) {
  const fs::path folder = plan_file.parent_path();
  return [folder](const std::string& name) -> std::optional<SourceText> {
    if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
      return std::nullopt;
    for (const fs::path& path :
         {folder / "fragments" / (name + ".yaml"), folder / (name + ".yaml")}) {
      std::error_code ignored;
      if (!fs::is_regular_file(path, ignored)) continue;
      if (auto text = read_text(path, max_document_size))
        return SourceText{path.string(), std::move(*text)};
    }
    return shipped_fragments()(name);
  };
}

std::vector<FileCheck> check_files(const std::vector<fs::path>& paths) {
  std::vector<FileCheck> all;
  for (const fs::path& path : paths) {
    FileCheck& result = all.emplace_back();
    result.file = path.string();
    const auto text = read_text(path, max_document_size);
    if (!text) {
      std::string_view why = text.error().text;
      if (why.starts_with(result.file + ": ")) why.remove_prefix(result.file.size() + 2);
      result.findings.push_back({{result.file, 0, 0}, std::string(why)});
      continue;
    }
    result.kind = kind_of(*text);
    check_text(*text, path, result);
  }
  return all;
}

}  // namespace assay::plans
