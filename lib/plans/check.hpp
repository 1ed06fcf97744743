// `assay plan check` and `plan schema`: offline, touching nothing. Thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plans/diagnostics.hpp"
#include "plans/plan.hpp"

namespace assay::plans {

struct FileCheck {
  std::string file;
  std::string kind;  // "plan", "fragment", "profile", "lab"; "" when it could not be told
  std::string name;  // what the document calls itself
  std::vector<Diagnostic> findings;
};
// Reads each file and says what is wrong with it. What a document is, its first
// key tells. Profiles that a lab names are looked up among the shipped ones.
std::vector<FileCheck> check_files(const std::vector<std::filesystem::path>&);

// Fragments beside a plan's file (FOLDER/fragments/NAME.yaml, FOLDER/NAME.yaml),
// then the shipped ones.
FragmentSource fragments_beside(const std::filesystem::path& plan_file);

// JSON Schema (draft 2020-12) of the plan format, for editors; ends in a line break.
std::string plan_schema();

}  // namespace assay::plans
