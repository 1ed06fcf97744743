// Who types: what leases are known by. Thread-safe.
#pragma once

#include <string>

namespace assay::cli {

// ASSAY_PERSON, else user@host; at most 64 characters.
std::string person();

}  // namespace assay::cli
