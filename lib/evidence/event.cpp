#include "evidence/event.hpp"

namespace assay::evidence {

std::string_view to_string(StepState state) {
  switch (state) {
    case StepState::passed:
      return "passed";
    case StepState::failed:
      return "failed";
    case StepState::lab_error:
      return "lab-error";
    case StepState::cancelled:
      return "cancelled";
    case StepState::skipped:
      return "skipped";
  }
  return "skipped";
}

}  // namespace assay::evidence
