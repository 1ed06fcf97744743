#include "plans/job_spec.hpp"

namespace assay::plans {

const std::vector<std::string>& verbs() {
  static const std::vector<std::string> all = {"flash",   "power", "reset",  "expect", "update",
                                               "confirm", "erase", "assert", "hold",   "check"};
  return all;
}

std::string_view verb_of(const Action& action) {
  static_assert(std::variant_size_v<Action> == 10);
  return verbs()[action.index()];
}

}  // namespace assay::plans
