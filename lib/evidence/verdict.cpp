#include "evidence/verdict.hpp"

#include <algorithm>
#include <array>

namespace assay::evidence {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::lab_error:
      return "lab-error";
    case Verdict::cancelled:
      return "cancelled";
  }
  return "lab-error";
}

std::optional<Verdict> verdict_from(std::string_view text) {
  for (const Verdict v :
       {Verdict::passed, Verdict::failed, Verdict::lab_error, Verdict::cancelled}) {
    if (to_string(v) == text) return v;
  }
  return std::nullopt;
}

Verdict combine(std::span<const Verdict> verdicts) {
  if (verdicts.empty()) return Verdict::cancelled;
  for (const Verdict worst : {Verdict::failed, Verdict::lab_error, Verdict::cancelled}) {
    if (std::find(verdicts.begin(), verdicts.end(), worst) != verdicts.end()) return worst;
  }
  return Verdict::passed;
}

int exit_status(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return 0;
    case Verdict::failed:
      return 1;
    case Verdict::lab_error:
      return 3;
    case Verdict::cancelled:
      return 4;
  }
  return 3;
}

}  // namespace assay::evidence
