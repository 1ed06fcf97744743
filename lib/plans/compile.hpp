// plan + board types + artifacts + parameters -> JobSpec, or everything that is
// wrong, before any board is touched. Thread-safe: free functions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "plans/job_spec.hpp"
#include "plans/plan.hpp"

namespace assay::plans {

struct GivenArtifact {
  std::string sha256;  // lower-case hex
  std::uint64_t size = 0;
  std::string file_name;
};

struct CompileInputs {
  FragmentSource fragments;
  std::map<std::string, Profile> profiles;         // by role
  std::map<std::string, std::string> boards;       // by role: this very board; absent: any
  std::map<std::string, GivenArtifact> artifacts;  // by the plan's name
  std::map<std::string, std::string> params;       // as given, checked against their types here
  bool leave_as_is = false;
};

Checked<JobSpec> compile(const Plan&, const CompileInputs&);

// The given artifacts' names and parameters against what the plan declares: the
// part of compile() that needs no board type.
std::vector<Diagnostic> check_given(const Plan&, const std::vector<std::string>& artifacts,
                                    const std::map<std::string, std::string>& params);

// The plan's own part of compile(): everything but artifacts, board types and
// parameters without a default. What `plan check` says.
std::vector<Diagnostic> check(const Plan&, const FragmentSource&);

// Every marker and expression that the plan waits for or forbids, fragments included.
std::vector<MarkerUse> markers_used(const Plan&, const FragmentSource&);

// Abilities that the role asks for or its steps use and that the board type
// lacks; empty when it fits. For choosing board types.
std::vector<std::string> missing_abilities(const Plan&, const FragmentSource&,
                                           const std::string& role, const Profile&);

// Lower-case hex SHA-256 over a canonical form of everything in the job.
std::string spec_digest(const JobSpec&);

}  // namespace assay::plans
