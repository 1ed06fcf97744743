// What a run is given from this machine: its plan and its files, checked before
// anything is sent. Thread-safe: free functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/options.hpp"
#include "plans/plan.hpp"

namespace assay::cli {

struct InputPlan {
  std::string shipped;  // its name when it comes with Assay, else ""
  plans::SourceText source;
  std::vector<std::pair<std::string, plans::SourceText>> fragments;  // by the name that `use:` says
  plans::Plan plan;
};
// `word` is a file, or the name of a shipped plan. Cause::invalid has a line a
// finding; Cause::not_found suggests a name.
Result<InputPlan> read_plan(const std::string& word);
// The same for a text at hand, without fragments.
Result<InputPlan> plan_from_text(std::string file, std::string text);
// Artifacts and parameters against what the plan declares; "" or the findings.
std::string misgiven(const plans::Plan&, const Pairs& artifacts, const Pairs& params);

struct InputFile {
  std::string name;  // of the artifact
  std::filesystem::path path;
  std::string sha256;
  std::uint64_t size = 0;
};
// Hashes it. What Assay itself must decode to flash (Intel HEX, ELF) is decoded,
// so that damage is reported now; other bytes are never judged.
Result<InputFile> read_input(std::string name, const std::filesystem::path& path);

}  // namespace assay::cli
