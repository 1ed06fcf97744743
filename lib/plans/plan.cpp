#include "plans/plan.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "plans/artifacts.hpp"
#include "plans/params.hpp"
#include "plans/profile.hpp"
#include "plans/steps.hpp"

namespace assay::plans {
namespace {

std::vector<PlanRole> read_roles(Reader& reader, const Node* node) {
  std::vector<PlanRole> roles;
  if (node == nullptr || reader.map(*node, "roles (a map)") == nullptr) return roles;
  if (node->entries.empty()) reader.wrong(node->place, "a plan needs at least one role");
  if (node->entries.size() > max_roles)
    reader.wrong(node->place, fmt::format("at most {} roles", max_roles));
  for (const Entry& entry : node->entries) {
    PlanRole role;
    role.name = entry.key;
    role.place = entry.place;
    Keys keys(reader, entry.value, "a role");
    const Node* needs = keys.need("needs");
    if (const Node* tags = keys.find("tags")) role.tags = reader.tags(*tags);
    keys.done();
    if (needs != nullptr && reader.sequence(*needs, "a list of abilities") != nullptr) {
      for (const Node& item : needs->items) {
        auto ability = read_ability(reader, item);
        if (ability) role.needs.emplace_back(std::move(*ability), item.place);
      }
    }
    roles.push_back(std::move(role));
  }
  return roles;
}

void read_never(Reader& reader, const Node* node, std::vector<MarkerUse>& never) {
  if (node == nullptr || reader.sequence(*node, "a list of markers") == nullptr) return;
  for (const Node& item : node->items) {
    auto text = reader.text(item, "a marker or a regular expression");
    if (!text) continue;
    if (!looks_like_marker_name(*text)) {
      const std::string fault = pattern_fault(*text);
      if (!fault.empty()) reader.wrong(item.place, fault);
    }
    never.push_back({std::move(*text), item.place});
  }
}

bool read_steps(Reader& reader, const Node* node, Node& steps) {
  if (node == nullptr || reader.sequence(*node, "a list of steps") == nullptr) return false;
  if (node->items.empty()) reader.wrong(node->place, "needs at least one step");
  steps = *node;
  return true;
}

// Of a document that its first key names: `plan: NAME`.
std::string read_title(Reader& reader, Keys& keys, std::string_view key) {
  const Node* node = keys.need(key);
  return node == nullptr ? "" : reader.name(*node, "-_.").value_or("");
}

}  // namespace

bool looks_like_marker_name(std::string_view text) {
  bool dot = false;
  bool word = false;
  for (const char c : text) {
    if (c == '.') {
      if (!word) return false;
      dot = true;
      word = false;
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
      word = true;
    } else {
      return false;
    }
  }
  return dot && word;
}

Checked<Plan> parse_plan(std::string_view text, std::string_view file) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(text, file, diagnostics);
  if (!root) return tl::unexpected(diagnostics.take());
  Reader reader(diagnostics);
  Plan plan;
  plan.file = file;
  Keys keys(reader, *root, "a plan");
  plan.name = read_title(reader, keys, "plan");
  if (const Node* about = keys.find("about")) plan.about = reader.text(*about).value_or("");
  plan.roles = read_roles(reader, keys.need("roles"));
  plan.params = read_params(reader, keys.find("params"));
  plan.artifacts = read_artifacts(reader, keys.find("artifacts"));
  read_never(reader, keys.find("never"), plan.never);
  if (const Node* deadline = keys.find("deadline")) plan.deadline = reader.duration(*deadline);
  read_steps(reader, keys.need("steps"), plan.steps);
  if (const Node* finally = keys.find("finally")) read_steps(reader, finally, plan.finally);
  keys.done();

  StepReader steps(plan, nullptr, defaults(plan.params), diagnostics);
  steps.read_all();
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.take());
  return plan;
}

Checked<Fragment> parse_fragment(std::string_view text, std::string_view file) {
  Diagnostics diagnostics;
  const auto root = parse_yaml(text, file, diagnostics);
  if (!root) return tl::unexpected(diagnostics.take());
  Reader reader(diagnostics);
  Fragment fragment;
  fragment.file = file;
  Keys keys(reader, *root, "a fragment");
  fragment.name = read_title(reader, keys, "fragment");
  if (const Node* about = keys.find("about")) fragment.about = reader.text(*about).value_or("");
  fragment.params = read_params(reader, keys.find("params"));
  read_steps(reader, keys.need("steps"), fragment.steps);
  keys.done();
  if (!diagnostics.empty()) return tl::unexpected(diagnostics.take());
  return fragment;
}

static void collect_uses(const Node& node, std::vector<std::string>& names) {
  for (const Node& item : node.items) collect_uses(item, names);
  for (const Entry& entry : node.entries) {
    if (entry.key == "use" && entry.value.kind == Node::Kind::scalar)
      names.push_back(entry.value.text);
    collect_uses(entry.value, names);
  }
}

std::map<std::string, SourceText> fragments_used(const Plan& plan, const FragmentSource& source) {
  std::map<std::string, SourceText> found;
  std::vector<std::string> open;
  collect_uses(plan.steps, open);
  collect_uses(plan.finally, open);
  while (!open.empty() && found.size() < 100) {
    const std::string name = std::move(open.back());
    open.pop_back();
    if (found.contains(name) || !source) continue;
    auto text = source(name);
    if (!text) continue;
    if (const auto fragment = parse_fragment(text->text, text->file)) {
      collect_uses(fragment->steps, open);
    }
    found.emplace(name, std::move(*text));
  }
  return found;
}

}  // namespace assay::plans
