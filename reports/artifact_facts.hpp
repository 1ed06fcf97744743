// What the bytes under test are, as a page shows it and compares it with those of
// another run. Thread-safe: a free function.
#pragma once

#include <assay/v1/web.pb.h>

#include <string>

#include "base/bytes.hpp"

namespace assay::reports {

// Also of what is no sound image, or nothing that Assay knows: `problem` or a fact of
// that name then says so. Of bytes whose SHA-256 is another only that: no format, no facts.
void fill(const std::string& sha256, ByteView content, v1::ArtifactInfo*);

}  // namespace assay::reports
