// What a board type says of boards that are ill: `recovery: [reset-probe, power-cycle,
// hub-cycle, golden]` and `health: { plan: lab-check, every: 6h }`. Thread-safe.
#pragma once

#include <string>

#include "plans/job_spec.hpp"
#include "plans/yaml.hpp"

namespace assay::plans {

const std::string& name_of(Rung);
// Absent: all rungs.
void read_recovery(Reader&, const Node*, Profile&);
// Absent: no health check.
void read_health(Reader&, const Node*, Profile&);

}  // namespace assay::plans
