#include "plans/steps.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "plans/params.hpp"

namespace assay::plans {
namespace {

std::vector<std::string> all_verbs() {
  std::vector<std::string> all = verbs();
  all.insert(all.end(), {"repeat", "use"});
  return all;
}

}  // namespace

StepReader::StepReader(const Plan& plan, const FragmentSource* fragments, Variables variables,
                       Diagnostics& diagnostics)
    : plan_(plan),
      sources_(fragments),
      variables_(std::move(variables)),
      diagnostics_(diagnostics) {}

void StepReader::read_all() {
  Scope scope;
  scope.variables = variables_;
  if (plan_.roles.size() == 1) scope.role = plan_.roles.front().name;
  if (plan_.steps.kind == Node::Kind::sequence) read_list(plan_.steps, scope, steps);
  if (plan_.finally.kind == Node::Kind::sequence) read_list(plan_.finally, scope, finally);
  name_steps(steps, "step");
  name_steps(finally, "finally");
}

void StepReader::read_list(const Node& list, const Scope& scope, std::vector<ReadStep>& out) {
  std::map<std::string, int> lines;
  for (const Node& item : list.items) {
    if (full_) return;
    if (const Node* id = item.find("id"); id != nullptr && id->kind == Node::Kind::scalar) {
      const auto [first, fresh] = lines.emplace(id->text, id->place.line);
      if (!fresh) {
        diagnostics_.add(id->place, fmt::format("the id '{}' is taken by a step in line {}",
                                                printable(id->text), first->second));
      }
    }
    read_step(item, scope, out);
  }
}

void StepReader::read_step(const Node& node, const Scope& scope, std::vector<ReadStep>& out) {
  Reader reader(diagnostics_, &scope.variables);
  if (++visited_ > 4 * max_steps || steps.size() + finally.size() >= max_steps) {
    full_ = true;
    diagnostics_.add(
        node.place,
        fmt::format("more than {} steps after 'repeat' and 'use' are expanded", max_steps));
    return;
  }
  const std::vector<std::string> known = all_verbs();
  if (node.kind == Node::Kind::scalar &&
      std::find(known.begin(), known.end(), node.text) != known.end()) {
    reader.wrong(node.place, fmt::format("a step is a map: write '{}:' with a colon", node.text));
    return;
  }
  if (reader.map(node, "a step (a map)") == nullptr) return;

  const Entry* verb = nullptr;
  const Node* on = nullptr;
  std::string id;
  for (const Entry& entry : node.entries) {
    if (entry.key == "id") {
      id = reader.name(entry.value, "-_.").value_or("");
    } else if (entry.key == "on") {
      on = &entry.value;
    } else if (entry.key == "with") {
      if (node.find("use") == nullptr) reader.wrong(entry.place, "'with' belongs to 'use'");
    } else if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      std::vector<std::string> words = known;
      words.insert(words.end(), {"id", "on", "with"});
      const std::string near = did_you_mean(entry.key, words);
      reader.wrong(entry.place, fmt::format("unknown verb '{}'{}", printable(entry.key),
                                            near.empty() ? ": there are " + join(known) : near));
      return;
    } else if (verb != nullptr) {
      reader.wrong(
          entry.place,
          fmt::format("one verb a step: '{}' and '{}' stand in one, begin the second with '-'",
                      verb->key, entry.key));
      return;
    } else {
      verb = &entry;
    }
  }
  if (verb == nullptr) {
    reader.wrong(node.place, "a step needs a verb: " + join(known));
    return;
  }
  if (verb->key == "repeat") {
    Scope inner = scope;
    if (on != nullptr) inner.role = read_role(node, on, scope, reader);
    read_repeat(verb->value, inner, out);
    return;
  }
  if (verb->key == "use") {
    read_use(node, verb->value, scope,
             on == nullptr ? scope.role : read_role(node, on, scope, reader), out);
    return;
  }
  ReadStep step;
  step.role_place = on != nullptr ? on->place : node.place;
  step.verb_place = verb->place;
  step.step.role = read_role(node, on, scope, reader);
  step.step.place = to_string(node.place);
  if (!id.empty()) step.step.id = scope.id_prefix + id + scope.id_suffix;
  auto action = read_action(verb->key, verb->value, reader, step);
  if (action) {
    step.step.text = step_text(*action);
    if (plan_.roles.size() > 1) step.step.text += " on " + step.step.role;
    step.step.action = std::move(*action);
  }
  // Without its values it still tells which abilities the plan uses.
  out.push_back(std::move(step));
}

std::string StepReader::read_role(const Node& step, const Node* on, const Scope& scope,
                                  Reader& reader) {
  std::vector<std::string> names;
  for (const PlanRole& role : plan_.roles) names.push_back(role.name);
  if (on == nullptr) {
    if (scope.role.empty() && !names.empty()) {
      reader.wrong(step.place, fmt::format("which role? Add 'on:' with one of {}", join(names)));
    }
    return scope.role;
  }
  const auto name = reader.text(*on, "a role");
  if (!name) return "";
  if (std::find(names.begin(), names.end(), *name) == names.end()) {
    const std::string near = did_you_mean(*name, names);
    reader.wrong(on->place, fmt::format("no role '{}'{}", printable(*name),
                                        near.empty() ? ": the plan has " + join(names) : near));
    return "";
  }
  return *name;
}

void StepReader::read_repeat(const Node& node, const Scope& scope, std::vector<ReadStep>& out) {
  Reader reader(diagnostics_, &scope.variables);
  Keys keys(reader, node, "'repeat'");
  const Node* times_node = keys.need("times");
  const Node* list = keys.need("steps");
  keys.done();
  if (times_node == nullptr || list == nullptr) return;
  // Unknown: once shows what there is to find.
  const std::int64_t times = reader.whole(*times_node, 1, max_steps).value_or(1);
  if (reader.sequence(*list, "a list of steps") == nullptr) return;
  if (list->items.empty()) {
    reader.wrong(list->place, "needs at least one step");
    return;
  }
  for (std::int64_t i = 1; i <= times && !full_; ++i) {
    Scope inner = scope;
    inner.id_suffix += fmt::format("[{}]", i);
    read_list(*list, inner, out);
  }
}

const Fragment* StepReader::fragment(const Node& use, const std::string& name) {
  if (const auto known = fragments_.find(name); known != fragments_.end()) {
    return known->second ? &*known->second : nullptr;
  }
  auto& slot = fragments_[name];
  const auto source = *sources_ ? (*sources_)(name) : std::nullopt;
  if (!source) {
    diagnostics_.add(
        use.place,
        fmt::format("no fragment '{}': it is looked for as fragments/{}.yaml beside the plan",
                    printable(name), printable(name)));
    return nullptr;
  }
  auto parsed = parse_fragment(source->text, source->file);
  if (!parsed) {
    diagnostics_.add(std::move(parsed.error()));
    return nullptr;
  }
  slot = std::move(*parsed);
  return &*slot;
}

void StepReader::read_use(const Node& step, const Node& name_node, const Scope& scope,
                          const std::string& role, std::vector<ReadStep>& out) {
  Reader reader(diagnostics_, &scope.variables);
  const auto name = reader.name(name_node, "-_.");
  const Node* with = step.find("with");
  if (with != nullptr &&
      reader.map(*with, "values for the fragment's parameters (a map)") == nullptr)
    return;
  if (!name || sources_ == nullptr) return;
  if (std::find(scope.uses.begin(), scope.uses.end(), *name) != scope.uses.end()) {
    reader.wrong(name_node.place, fmt::format("fragments use each other in a circle: {} -> {}",
                                              join(scope.uses, " -> "), *name));
    return;
  }
  if (scope.uses.size() >= max_use_depth) {
    reader.wrong(name_node.place,
                 fmt::format("fragments are nested more than {} deep", max_use_depth));
    return;
  }
  const Fragment* found = fragment(name_node, *name);
  if (found == nullptr) return;
  Scope inner;
  inner.variables = bind(*found, name_node, with, scope);
  inner.role = role;
  inner.id_prefix = scope.id_prefix + *name + ".";
  inner.id_suffix = scope.id_suffix;
  inner.uses = scope.uses;
  inner.uses.push_back(*name);
  read_list(found->steps, inner, out);
}

Variables StepReader::bind(const Fragment& fragment, const Node& use, const Node* with,
                           const Scope& scope) {
  Reader reader(diagnostics_, &scope.variables);
  Variables variables;
  std::vector<std::string> names;
  for (const Param& param : fragment.params) {
    names.push_back(param.name);
    const Node* node = with == nullptr ? nullptr : with->find(param.name);
    variables[param.name] = node == nullptr ? param.fallback : reader.text(*node);
    if (node == nullptr && !param.fallback) {
      reader.wrong(use.place, fmt::format("fragment '{}' needs '{}': add 'with: {{ {}: ... }}'",
                                          fragment.name, param.name, param.name));
    }
    if (node == nullptr || !variables[param.name]) continue;
    std::string why_not = misfit(param, *variables[param.name]);
    if (why_not.empty()) continue;
    reader.wrong(node->place, std::move(why_not));
    variables[param.name].reset();  // said once is enough
  }
  if (with == nullptr) return variables;
  for (const Entry& entry : with->entries) {
    if (variables.contains(entry.key)) continue;
    reader.wrong(entry.place, fmt::format("fragment '{}' has no parameter '{}'{}", fragment.name,
                                          printable(entry.key), did_you_mean(entry.key, names)));
  }
  return variables;
}

void StepReader::name_steps(std::vector<ReadStep>& list, std::string_view automatic) {
  std::set<std::string> taken;
  std::size_t number = 0;
  for (ReadStep& step : list) {
    ++number;
    std::string& id = step.step.id;
    if (id.empty()) id = fmt::format("{}-{}", automatic, number);
    // The same fragment twice, or a name like ours.
    const std::string wanted = id;
    for (int again = 2; !taken.insert(id).second; ++again) id = fmt::format("{}#{}", wanted, again);
  }
}

}  // namespace assay::plans
