// Plans, board types and pages that come with Assay. Looked for in $ASSAY_SHARE, else
// <program's folder>/../share/assay, else the source tree around the program's
// folder. Thread-safe; nothing is cached, so that an edited file counts at once.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "plans/diagnostics.hpp"
#include "plans/job_spec.hpp"
#include "plans/plan.hpp"
#include "plans/profile.hpp"

namespace assay::plans {

// The folder that has test-plans/ and board-profiles/.
Result<std::filesystem::path> share_folder();

// The folder of the built pages: $ASSAY_PAGES, else reports/pages/dist of that one. It
// need not exist.
Result<std::filesystem::path> pages_folder();

std::vector<std::string> shipped_plans();  // names, sorted; none when there is no share folder
std::vector<std::string> shipped_profiles();

// Cause::not_found with a suggestion: "no plan 'ota-cofirm', did you mean
// 'ota-confirm'?". The file in messages is "ota-confirm.yaml".
Result<SourceText> shipped_plan(const std::string& name);
Result<SourceText> shipped_fragment(const std::string& name);
Result<Profile> shipped_profile(const std::string& name);
// For board types that are `like` one that comes with Assay.
ProfileSource shipped_profile_sources();
// For plans that come with Assay.
FragmentSource shipped_fragments();

}  // namespace assay::plans
