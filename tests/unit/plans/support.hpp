// Short ways to read a document and to see everything that is wrong with it.
#pragma once

#include <string>
#include <string_view>

#include "plans/compile.hpp"
#include "plans/lab.hpp"
#include "plans/plan.hpp"
#include "plans/profile.hpp"

namespace assay::plans {

template <class T>
std::string findings(const Checked<T>& checked) {
  return checked ? "" : to_string(checked.error());
}

// A plan of one role with these lines under `steps:`, each step from line 6 on.
inline std::string plan_with(std::string_view steps, std::string_view more = "") {
  return std::string(
             "plan: p\nroles: { dut: { needs: [power] } }\nartifacts: { base: {}, update: {} }\n") +
         (more.empty() ? "about: x" : std::string(more)) + "\nsteps:\n" + std::string(steps) + "\n";
}

inline FragmentSource no_fragments() {
  return [](const std::string&) -> std::optional<SourceText> { return std::nullopt; };
}
inline FragmentSource fragments_from(std::map<std::string, std::string> texts) {
  return [texts = std::move(texts)](const std::string& name) -> std::optional<SourceText> {
    const auto found = texts.find(name);
    if (found == texts.end()) return std::nullopt;
    return SourceText{"fragments/" + name + ".yaml", found->second};
  };
}

}  // namespace assay::plans
