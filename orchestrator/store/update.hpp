// What a row becomes when a later one with its key is committed: store.hpp,
// Batch, says which columns keep their value. Thread-safe: free functions.
#pragma once

#include "store/store.hpp"

namespace assay::store {

void update(RunRow& stored, const RunRow& given);
void update(JobRow& stored, const JobRow& given);
void update(AttemptRow& stored, const AttemptRow& given);
void update(BoardRow& stored, const BoardRow& given);

}  // namespace assay::store
