// The tree of steps to a flat list: repeat and use expanded, values replaced and
// read, everything checked that needs no board type. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plans/job_spec.hpp"
#include "plans/plan.hpp"

namespace assay::plans {

// Where the parts of a step stand that a board type must bear out.
struct ReadStep {
  Step step;  // role, place and text are set; a marker has only its text as name
  std::vector<std::string> needs;  // abilities
  Place role_place;
  Place marker_place;
  Place slot_place;
  Place verb_place;
};

class StepReader {
 public:
  // `fragments` null: what `use` names is not looked at. Variables without a
  // value leave what they stand for unchecked.
  StepReader(const Plan& plan, const FragmentSource* fragments, Variables variables,
             Diagnostics& diagnostics);

  void read_all();
  std::vector<ReadStep> steps;
  std::vector<ReadStep> finally;

 private:
  struct Scope {
    Variables variables;
    std::string role;               // for steps that name none
    std::string id_prefix;          // "boot." in a fragment
    std::string id_suffix;          // "[2]" in a repeat
    std::vector<std::string> uses;  // fragments around this one
  };
  void read_list(const Node& list, const Scope& scope, std::vector<ReadStep>& out);
  void read_step(const Node& node, const Scope& scope, std::vector<ReadStep>& out);
  void read_repeat(const Node& node, const Scope& scope, std::vector<ReadStep>& out);
  void read_use(const Node& step, const Node& name, const Scope& scope, const std::string& role,
                std::vector<ReadStep>& out);
  Variables bind(const Fragment& fragment, const Node& use, const Node* with, const Scope& scope);
  const Fragment* fragment(const Node& use, const std::string& name);
  std::string read_role(const Node& step, const Node* on, const Scope& scope, Reader& reader);
  std::optional<Action> read_action(const std::string& verb, const Node& value, Reader& reader,
                                    ReadStep& step);
  std::optional<Action> read_flash(const Node& value, Reader& reader, ReadStep& step);
  std::optional<Action> read_expect(const Node& value, Reader& reader, ReadStep& step);
  std::optional<Action> read_update(const Node& value, Reader& reader);
  std::optional<Action> read_assert(const Node& value, Reader& reader);
  std::optional<std::string> read_image(const Node* node, Reader& reader);
  void name_steps(std::vector<ReadStep>& list, std::string_view automatic);

  const Plan& plan_;
  const FragmentSource* sources_;
  Variables variables_;
  Diagnostics& diagnostics_;
  std::map<std::string, std::optional<Fragment>> fragments_;
  std::size_t visited_ = 0;
  bool full_ = false;
};

// One line for people: "expect app.ready within 10 s".
std::string step_text(const Action&);

}  // namespace assay::plans
