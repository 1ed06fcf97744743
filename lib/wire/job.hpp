// Compiled jobs as messages and back. Thread-safe: free functions.
//
// from_proto() trusts nothing: besides ranges and sizes it checks that roles and
// artifacts which steps name exist, so that an executor may rely on it.
// Cause::invalid names the field ("step 3: expect.within: not a duration ...").
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "plans/job_spec.hpp"

namespace assay::v1 {
class JobSpec;
}

namespace assay::wire {

void to_proto(const plans::JobSpec&, v1::JobSpec*);
Result<plans::JobSpec> from_proto(const v1::JobSpec&);

// The same as bytes; equal jobs give equal bytes, so that they have a digest.
std::string encode(const plans::JobSpec&);
Result<plans::JobSpec> decode_job(ByteView);

}  // namespace assay::wire
