// What reports/ knows, as messages of assay/v1/web.proto. Thread-safe: free functions.
#pragma once

#include <assay/v1/web.pb.h>

#include <string>

#include "reports/attempt_fold.hpp"
#include "reports/console_text.hpp"

namespace assay::reports {

void fill(const std::string& attempt, const AttemptFold&, v1::Timeline*);
void fill(ConsoleLine&&, v1::ConsoleLine*);
// In words what of a console is missing, or "".
std::string cut_of(const ConsoleFold&);

}  // namespace assay::reports
