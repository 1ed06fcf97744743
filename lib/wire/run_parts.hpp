// A run that came in parts (RunPart of orchestrator.proto). Thread-safe: free functions.
#pragma once

namespace assay::v1 {
class Run;
}

namespace assay::wire {

// What `part` names replaces what `run` had of it; what it does not name stays.
void merge(v1::Run& run, v1::Run&& part);

}  // namespace assay::wire
