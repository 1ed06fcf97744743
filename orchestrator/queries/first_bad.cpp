#include "queries/first_bad.hpp"

#include <assay/v1/web.pb.h>

namespace assay::queries {

std::int32_t first_bad(const v1::MatrixRow& row) {
  std::int32_t bad = -1;
  for (int i = 0; i < row.cells_size(); ++i) {
    if (row.cells(i).verdict() == v1::VERDICT_PASSED) break;
    if (row.cells(i).verdict() == v1::VERDICT_FAILED) bad = i;
  }
  return bad;
}

}  // namespace assay::queries
