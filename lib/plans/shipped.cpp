#include "plans/shipped.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>

#include "base/file.hpp"
#include "base/text.hpp"
#include "plans/profile.hpp"
#include "plans/yaml.hpp"

namespace assay::plans {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view plans_folder = "test-plans";
constexpr std::string_view profiles_folder = "board-profiles";

bool has_plans(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / plans_folder, ignored) &&
         fs::is_directory(folder / profiles_folder, ignored);
}

std::vector<std::string> names_in(std::string_view folder) {
  std::vector<std::string> names;
  const auto share = share_folder();
  if (!share) return names;
  std::error_code error;
  for (fs::directory_iterator at(*share / folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".yaml") names.push_back(at->path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// A name becomes part of a path: only words without separators.
bool is_plain(const std::string& name) {
  return !name.empty() && name.size() <= 64 && name.find('/') == std::string::npos &&
         name.front() != '.';
}

Result<SourceText> read_shipped(const fs::path& folder, const std::string& name,
                                std::string_view what) {
  const fs::path share = TRY(share_folder());
  const fs::path path = share / folder / (name + ".yaml");
  std::error_code ignored;
  if (!is_plain(name) || !fs::is_regular_file(path, ignored)) {
    const auto names = names_in(folder.string());
    const std::string near = did_you_mean(name, names);
    return fail(Cause::not_found, "no {} '{}'{}", what, printable(name),
                near.empty() && !names.empty() ? ": there are " + join(names) : near);
  }
  return SourceText{name + ".yaml", TRY(read_text(path, max_document_size))};
}

}  // namespace

Result<fs::path> share_folder() {
  if (const char* named = std::getenv("ASSAY_SHARE"); named != nullptr && *named != '\0') {
    if (has_plans(named)) return fs::path(named);
    return fail(Cause::not_found, "ASSAY_SHARE={}: no test-plans and board-profiles in there",
                printable(named));
  }
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return fail(Cause::io, "/proc/self/exe: {}", error.message());
  const fs::path folder = program.parent_path();
  // build/bin, build/tests and build-x/bin lie in the source tree or beside a share/.
  const std::array<fs::path, 3> places = {folder / "../share/assay", folder / "../..",
                                          folder / ".."};
  for (const fs::path& place : places) {
    if (has_plans(place)) return fs::canonical(place, error);
  }
  return fail(Cause::not_found,
              "Assay's own plans are not found beside {}: set ASSAY_SHARE to the folder that has "
              "test-plans",
              program.string());
}

Result<fs::path> pages_folder() {
  if (const char* named = std::getenv("ASSAY_PAGES"); named != nullptr && *named != '\0')
    return fs::path(named);
  return TRY(share_folder()) / "reports/pages/dist";
}

std::vector<std::string> shipped_plans() {
  return names_in(plans_folder);
}
std::vector<std::string> shipped_profiles() {
  return names_in(profiles_folder);
}

Result<SourceText> shipped_plan(const std::string& name) {
  return read_shipped(plans_folder, name, "plan");
}

Result<SourceText> shipped_fragment(const std::string& name) {
  return read_shipped(fs::path(plans_folder) / "fragments", name, "fragment");
}

Result<Profile> shipped_profile(const std::string& name) {
  const SourceText source = TRY(read_shipped(profiles_folder, name, "board type"));
  auto profile = parse_profile(source.text, source.file, shipped_profile_sources());
  if (!profile) return tl::unexpected(to_error(profile.error()));
  return std::move(*profile);
}

ProfileSource shipped_profile_sources() {
  return [](const std::string& name) -> std::optional<SourceText> {
    auto found = read_shipped(profiles_folder, name, "board type");
    if (!found) return std::nullopt;
    return std::move(*found);
  };
}

FragmentSource shipped_fragments() {
  return [](const std::string& name) -> std::optional<SourceText> {
    auto found = shipped_fragment(name);
    if (!found) return std::nullopt;
    return SourceText{"fragments/" + found->file, std::move(found->text)};
  };
}

}  // namespace assay::plans
