// `artifacts:` of a plan: images that are given, and those derived from them.
#pragma once

#include <vector>

#include "plans/plan.hpp"

namespace assay::plans {

std::vector<PlanArtifact> read_artifacts(Reader&, const Node* node);

}  // namespace assay::plans
