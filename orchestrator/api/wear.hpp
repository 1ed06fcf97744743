// What attempts did to their boards, from their events into the store.
// Thread-safe; blocks for the disk.
#pragma once

#include <string>

#include "api/backend.hpp"

namespace assay::api {

// Of an attempt that has ended; counting it again changes nothing. Trouble is
// logged only: whoever shows a board's history counts what was left uncounted.
void count_wear(Backend&, const std::string& attempt);

}  // namespace assay::api
