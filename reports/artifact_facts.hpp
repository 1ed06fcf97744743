// What the bytes under test are, as a page shows it and compares it with those of
// another run. Thread-safe: a free function.
#pragma once

#include <assay/v1/web.pb.h>

#include <string>

#include "base/bytes.hpp"

namespace assay::reports {

// Also of what is damaged or nothing that Assay knows: `problem` then says so.
void fill(const std::string& sha256, ByteView content, v1::ArtifactInfo*);

}  // namespace assay::reports
