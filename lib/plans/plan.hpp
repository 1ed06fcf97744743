// A plan as written: test-plans/*.yaml, or .assay/*.yaml in a product's
// repository. The steps stay a tree until compile() knows parameters and board
// types, but everything that can be checked without them was checked here.
// Values. The language: docs/PLANS.md.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "images/derive.hpp"
#include "plans/diagnostics.hpp"
#include "plans/yaml.hpp"

namespace assay::plans {

using assay::max_steps;  // after repeat and use are expanded
inline constexpr int max_use_depth = 8;

struct Param {
  enum class Type { whole, text, truth, duration, choice };
  std::string name;
  std::string about;
  Type type = Type::text;
  std::optional<std::string> fallback;  // absent: must be given
  std::vector<std::string> choices;
  Place place;
};

struct PlanRole {
  std::string name;
  std::vector<std::pair<std::string, Place>> needs;  // abilities
  std::vector<std::string> tags;                     // that the board must have
  Place place;
};

struct PlanArtifact {
  std::string name;
  std::string about;
  std::string from;  // derived from this one, or ""
  std::vector<images::Derivation> derivations;
  std::string prints;  // a line that only this program prints, or ""
  Place place;
};

// A marker's name, or a regular expression (RE2): what looks like a name
// (lower-case words joined by dots: boot.test) is one.
struct MarkerUse {
  std::string text;
  Place place;
};
bool looks_like_marker_name(std::string_view);

struct Plan {
  std::string name;
  std::string about;
  std::string file;  // as the user named it
  std::vector<PlanRole> roles;
  std::vector<Param> params;
  std::vector<PlanArtifact> artifacts;
  std::vector<MarkerUse> never;
  std::optional<Duration> deadline;
  Node steps;    // a sequence
  Node finally;  // a sequence or null
};

// A list of steps with parameters, for `use:`. It knows nothing of the plan but
// what `with:` gives it.
struct Fragment {
  std::string name;
  std::string about;
  std::string file;
  std::vector<Param> params;
  Node steps;
};

Checked<Plan> parse_plan(std::string_view text, std::string_view file);
Checked<Fragment> parse_fragment(std::string_view text, std::string_view file);

struct SourceText {
  std::string file;  // for messages
  std::string text;
};
// Finds the fragment that a `use:` names; nullopt when there is none.
using FragmentSource = std::function<std::optional<SourceText>(const std::string& name)>;
// Every fragment that the plan uses, directly or through another, by name. What
// cannot be found or read is left out: compile() says so with its place.
std::map<std::string, SourceText> fragments_used(const Plan&, const FragmentSource&);

}  // namespace assay::plans
