// Parameters of plans and fragments: declared with a type, given as text.
#pragma once

#include <string>
#include <vector>

#include "plans/plan.hpp"

namespace assay::plans {

// `params:`; a null pointer is no parameters.
std::vector<Param> read_params(Reader&, const Node* node);

// Why `value` does not fit the parameter, or "".
std::string misfit(const Param&, const std::string& value);

// Every parameter by name: unknown ones without a value.
Variables defaults(const std::vector<Param>&);

}  // namespace assay::plans
