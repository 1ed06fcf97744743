// Events as messages and back. Thread-safe: free functions.
//
// to_proto() is total: texts that are too long end in "...", bytes that are not
// UTF-8 become escapes. The emitter keeps max_console_piece. from_proto() trusts
// nothing: Cause::invalid names the field ("event 12: step_ended.state: ...").
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "evidence/event.hpp"

namespace assay::v1 {
class Event;
}

namespace assay::wire {

void to_proto(const evidence::Event&, v1::Event*);
Result<evidence::Event> from_proto(const v1::Event&);

// The same as bytes: what spools and segments keep.
std::string encode(const evidence::Event&);
Result<evidence::Event> decode_event(ByteView);

// assay.v1.Verdict, assay.v1.StepState and Finding.Says as numbers.
int to_proto(evidence::Verdict);
int to_proto(evidence::StepState);
int to_proto(evidence::Finding::Says);
Result<evidence::Verdict> verdict_from_proto(int);
Result<evidence::StepState> step_state_from_proto(int);
Result<evidence::Finding::Says> says_from_proto(int);

}  // namespace assay::wire
