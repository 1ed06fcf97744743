// Since when a row of the matrix is bad. A pure function; thread-safe.
#pragma once

#include <cstdint>

namespace assay::v1 {
class MatrixRow;
}

namespace assay::queries {

// The index of the oldest failed cell after the last that passed, when the newest
// that says something of the product failed; else -1. Cells are newest first; lab
// errors, cancelled and empty ones say nothing of the product.
std::int32_t first_bad(const v1::MatrixRow&);

}  // namespace assay::queries
