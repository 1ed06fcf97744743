#include "plans/compile.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "plans/params.hpp"
#include "plans/profile.hpp"
#include "plans/steps.hpp"

namespace assay::plans {
namespace {

using namespace std::chrono_literals;

// What a step may take that has no time of its own, and the attempt beside its steps.
constexpr Duration flash_time = 120s;
constexpr Duration disk_time = 30min;
constexpr Duration power_time = 20s;
constexpr Duration reset_time = 10s;
constexpr Duration check_time = 120s;
constexpr Duration attempt_margin = 30s;

std::string unknown_word(const char* what, const std::string& name,
                         const std::vector<std::string>& known) {
  const std::string near = did_you_mean(name, known);
  return fmt::format("the plan has no {} '{}'{}", what, printable(name),
                     near.empty() && !known.empty() ? "; it has " + join(known) : near);
}

void find_misgiven(const Plan& plan, const std::vector<std::string>& artifacts,
                   const std::map<std::string, std::string>& params, Diagnostics& diagnostics) {
  const Place whole{plan.file, 0, 0};
  std::vector<std::string> names;
  for (const PlanArtifact& artifact : plan.artifacts) {
    names.push_back(artifact.name);
    const bool given =
        std::find(artifacts.begin(), artifacts.end(), artifact.name) != artifacts.end();
    if (artifact.from.empty() && !given) {
      diagnostics.add(artifact.place,
                      fmt::format("artifact '{}' is not given: add --artifact {}=FILE",
                                  artifact.name, artifact.name));
    } else if (!artifact.from.empty() && given) {
      diagnostics.add(artifact.place,
                      fmt::format("artifact '{}' is made from '{}': give that one only",
                                  artifact.name, artifact.from));
    }
  }
  for (const std::string& name : artifacts) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      diagnostics.add(whole, unknown_word("artifact", name, names));
    }
  }
  names.clear();
  for (const Param& param : plan.params) {
    names.push_back(param.name);
    const auto given = params.find(param.name);
    if (given == params.end()) {
      if (param.fallback) continue;
      diagnostics.add(
          param.place,
          fmt::format("parameter '{}' has no default and is not given: add --param {}=VALUE",
                      param.name, param.name));
    } else if (const std::string why = misfit(param, given->second); !why.empty()) {
      diagnostics.add(param.place,
                      fmt::format("--param {}={}: {}", param.name, printable(given->second), why));
    }
  }
  for (const auto& [name, value] : params) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      diagnostics.add(whole, unknown_word("parameter", name, names));
    }
  }
}

class Compiler {
 public:
  Compiler(const Plan& plan, const CompileInputs& inputs) : plan_(plan), inputs_(inputs) {}

  Checked<JobSpec> run() {
    spec_.plan = plan_.name;
    spec_.about = plan_.about;
    spec_.leave_as_is = inputs_.leave_as_is;
    std::vector<std::string> given;
    for (const auto& [name, artifact] : inputs_.artifacts) given.push_back(name);
    find_misgiven(plan_, given, inputs_.params, diagnostics_);
    Variables variables = take_params();
    take_artifacts();
    StepReader reader(plan_, &inputs_.fragments, std::move(variables), diagnostics_);
    reader.read_all();
    for (ReadStep& step : reader.steps) bear_out(step);
    for (ReadStep& step : reader.finally) bear_out(step);
    take_roles();
    take_never();
    if (!diagnostics_.empty()) return tl::unexpected(diagnostics_.take());
    for (ReadStep& step : reader.steps) spec_.steps.push_back(std::move(step.step));
    for (ReadStep& step : reader.finally) spec_.finally.push_back(std::move(step.step));
    take_deadline();
    return std::move(spec_);
  }

  // A board without a reset line is asked by SMP.
  static bool can_do_without(std::string_view ability, const Profile& type) {
    return ability == "reset" && has_ability(type, "ota.smp");
  }

 private:
  void wrong(const Place& place, std::string text) { diagnostics_.add(place, std::move(text)); }

  // What check_given() finds wrong has no value, so that no step trips over it again.
  Variables take_params() {
    Variables variables;
    for (const Param& param : plan_.params) {
      const auto given = inputs_.params.find(param.name);
      auto& value = variables[param.name] = param.fallback;
      if (given != inputs_.params.end()) {
        value = misfit(param, given->second).empty() ? std::optional(given->second) : std::nullopt;
      }
      if (value) spec_.params[param.name] = *value;
    }
    return variables;
  }

  void take_artifacts() {
    for (const PlanArtifact& written : plan_.artifacts) {
      Artifact artifact;
      artifact.name = written.name;
      artifact.about = written.about;
      artifact.from = written.from;
      artifact.derivations = written.derivations;
      artifact.prints = written.prints;
      const auto given = inputs_.artifacts.find(written.name);
      if (written.from.empty() && given != inputs_.artifacts.end()) {
        artifact.sha256 = given->second.sha256;
        artifact.size = given->second.size;
        artifact.file_name = given->second.file_name;
      }
      spec_.artifacts.push_back(std::move(artifact));
    }
  }

  const Profile* profile(const std::string& role) const {
    const auto found = inputs_.profiles.find(role);
    return found == inputs_.profiles.end() ? nullptr : &found->second;
  }

  // Then the role's own line is the place to say that it is lacking.
  bool declared(const std::string& role, const std::string& ability) const {
    for (const PlanRole& one : plan_.roles) {
      if (one.name != role) continue;
      return std::any_of(one.needs.begin(), one.needs.end(),
                         [&](const auto& need) { return need.first == ability; });
    }
    return false;
  }

  // Marker, slot, abilities and channels of one step against its board type.
  void bear_out(ReadStep& read) {
    const Profile* type = profile(read.step.role);
    if (type == nullptr) return;
    for (const std::string& ability : read.needs) {
      if (can_do_without(ability, *type)) continue;
      used_[read.step.role].insert(ability);
      if (has_ability(*type, ability) || declared(read.step.role, ability)) continue;
      wrong(read.verb_place, fmt::format("board type '{}' lacks '{}', which '{}' needs", type->name,
                                         ability, verb_of(read.step.action)));
    }
    if (auto* expect = std::get_if<Expect>(&read.step.action)) {
      if (!expect->marker.name.empty()) {
        expect->marker = resolve({expect->marker.name, read.marker_place}, *type);
      }
    } else if (auto* flash = std::get_if<Flash>(&read.step.action)) {
      if (has_ability(*type, "mux")) {
        // The board is switched off for it, and its disk is large.
        for (const char* ability : {"mux", "power"}) used_[read.step.role].insert(ability);
        if (flash->within == Duration::zero()) flash->within = disk_time;
      }
      if (!flash->slot.empty() && find_slot(*type, flash->slot) == nullptr) {
        std::vector<std::string> names;
        for (const Slot& slot : type->slots) names.push_back(slot.name);
        const std::string near = did_you_mean(flash->slot, names);
        wrong(read.slot_place,
              fmt::format("board type '{}' has no slot '{}'{}", type->name, printable(flash->slot),
                          near.empty() && !names.empty() ? "; it has " + join(names) : near));
      }
    } else if (const auto* assertion = std::get_if<AssertRunning>(&read.step.action)) {
      if (!assertion->artifact.empty()) check_channels(*assertion, *type, read.verb_place);
    }
  }

  void check_channels(const AssertRunning& assertion, const Profile& type, const Place& place) {
    bool prints = !type.identity.empty();
    for (const PlanArtifact& artifact : plan_.artifacts) {
      if (artifact.name == assertion.artifact && !artifact.prints.empty()) prints = true;
    }
    std::vector<std::string> channels;
    std::vector<std::string> missing;
    const auto count = [&](bool there, std::string channel, std::string remedy) {
      if (there) {
        channels.push_back(std::move(channel));
      } else {
        missing.push_back(std::move(remedy));
      }
    };
    const std::string remedy = has_ability(type, "console")
                                   ? fmt::format("'prints:' to artifact '{}'", assertion.artifact)
                                   : "'console' to the board type";
    count(has_ability(type, "console") && prints, "console", remedy);
    count(has_ability(type, "ota.smp"), "ota.smp", "'ota.smp' to the board type");
    count(has_ability(type, "flash.read"), "flash.read", "'flash.read' to the board type");
    if (channels.size() < 2) {
      wrong(place,
            fmt::format(
                "'assert' needs two channels that can disagree, board type '{}' gives {}: add {}",
                type.name, channels.empty() ? "none" : "only " + channels.front(),
                join(missing, " or ")));
    } else if (assertion.confirmed && !has_ability(type, "ota.smp")) {
      wrong(place, fmt::format("'confirmed' is asked by SMP, and board type '{}' lacks 'ota.smp'",
                               type.name));
    }
  }

  Marker resolve(const MarkerUse& use, const Profile& type) {
    if (!looks_like_marker_name(use.text)) return Marker{use.text, use.text, "", std::nullopt};
    if (const Marker* found = find_marker(type, use.text)) return *found;
    std::vector<std::string> names;
    for (const Marker& marker : type.markers) names.push_back(marker.name);
    const std::string near = did_you_mean(use.text, names);
    wrong(use.place, fmt::format("board type '{}' has no marker '{}'{}", type.name, use.text,
                                 !near.empty()   ? near
                                 : names.empty() ? "; it has none"
                                                 : "; it has " + join(names)));
    return Marker{use.text, "", "", std::nullopt};
  }

  void take_roles() {
    for (const PlanRole& written : plan_.roles) {
      const Profile* type = profile(written.name);
      if (type == nullptr) {
        wrong(written.place,
              fmt::format("role '{}' has no board type: add --profile NAME", written.name));
        continue;
      }
      Role role;
      role.name = written.name;
      role.profile = *type;
      std::set<std::string> needs = used_[written.name];
      for (const auto& [ability, place] : written.needs) {
        needs.insert(ability);
        if (has_ability(*type, ability)) continue;
        wrong(place, fmt::format("board type '{}' lacks '{}', which role '{}' needs", type->name,
                                 ability, written.name));
      }
      role.needs.assign(needs.begin(), needs.end());
      if (const auto board = inputs_.boards.find(written.name); board != inputs_.boards.end())
        role.board = board->second;
      spec_.roles.push_back(std::move(role));
    }
  }

  // `never` holds on every console, so each board type must know the marker.
  void take_never() {
    for (const MarkerUse& use : plan_.never) {
      std::vector<Marker> resolved;
      for (const Role& role : spec_.roles) {
        Marker marker = resolve(use, role.profile);
        if (std::find(resolved.begin(), resolved.end(), marker) == resolved.end())
          resolved.push_back(std::move(marker));
      }
      spec_.never.insert(spec_.never.end(), resolved.begin(), resolved.end());
    }
  }

  void take_deadline() {
    if (plan_.deadline) {
      spec_.deadline = *plan_.deadline;
      return;
    }
    struct Time {
      Duration operator()(const Flash& step) const { return std::max(step.within, flash_time); }
      Duration operator()(const Power&) const { return power_time; }
      Duration operator()(const Reset&) const { return reset_time; }
      Duration operator()(const Hold& hold) const { return hold.for_; }
      Duration operator()(const CheckBoard&) const { return check_time; }
      Duration operator()(const Expect& step) const { return step.within; }
      Duration operator()(const Update& step) const { return step.within; }
      Duration operator()(const Confirm& step) const { return step.within; }
      Duration operator()(const Erase& step) const { return step.within; }
      Duration operator()(const AssertRunning& step) const { return step.within; }
    };
    spec_.deadline = attempt_margin;
    for (const auto* list : {&spec_.steps, &spec_.finally}) {
      for (const Step& step : *list) spec_.deadline += std::visit(Time{}, step.action) + 1s;
    }
    // 10,000 steps of a week each would not fit 64 bits of nanoseconds.
    spec_.deadline = std::min<Duration>(spec_.deadline, std::chrono::hours(24 * 30));
  }

  const Plan& plan_;
  const CompileInputs& inputs_;
  JobSpec spec_;
  std::map<std::string, std::set<std::string>> used_;
  Diagnostics diagnostics_;
};

}  // namespace

std::vector<Diagnostic> check_given(const Plan& plan, const std::vector<std::string>& artifacts,
                                    const std::map<std::string, std::string>& params) {
  Diagnostics diagnostics;
  find_misgiven(plan, artifacts, params, diagnostics);
  return diagnostics.take();
}

Checked<JobSpec> compile(const Plan& plan, const CompileInputs& inputs) {
  return Compiler(plan, inputs).run();
}

std::vector<Diagnostic> check(const Plan& plan, const FragmentSource& fragments) {
  Diagnostics diagnostics;
  StepReader reader(plan, &fragments, defaults(plan.params), diagnostics);
  reader.read_all();
  return diagnostics.take();
}

std::vector<MarkerUse> markers_used(const Plan& plan, const FragmentSource& fragments) {
  Diagnostics ignored;
  StepReader reader(plan, &fragments, defaults(plan.params), ignored);
  reader.read_all();
  std::vector<MarkerUse> uses = plan.never;
  for (const auto* list : {&reader.steps, &reader.finally}) {
    for (const ReadStep& step : *list) {
      const auto* expect = std::get_if<Expect>(&step.step.action);
      if (expect != nullptr && !expect->marker.name.empty())
        uses.push_back({expect->marker.name, step.marker_place});
    }
  }
  return uses;
}

std::vector<std::string> missing_abilities(const Plan& plan, const FragmentSource& fragments,
                                           const std::string& role, const Profile& profile) {
  Diagnostics ignored;
  StepReader reader(plan, &fragments, defaults(plan.params), ignored);
  reader.read_all();
  std::set<std::string> needs;
  for (const auto* list : {&reader.steps, &reader.finally}) {
    for (const ReadStep& step : *list) {
      if (step.step.role != role) continue;
      for (const std::string& ability : step.needs) {
        if (!Compiler::can_do_without(ability, profile)) needs.insert(ability);
      }
    }
  }
  for (const PlanRole& one : plan.roles) {
    if (one.name != role) continue;
    for (const auto& need : one.needs) needs.insert(need.first);
  }
  std::erase_if(needs, [&](const std::string& ability) { return has_ability(profile, ability); });
  return {needs.begin(), needs.end()};
}

}  // namespace assay::plans
