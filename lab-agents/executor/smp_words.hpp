// What the steps over SMP share: whose fault a failed exchange is, and images in
// words. Used by update and assert.
#pragma once

#include <string>
#include <vector>

#include "executor/attribution.hpp"
#include "executor/step.hpp"

namespace assay::executor {

// A refusal by the device is the product's (or the bytes'); its silence is
// attributed. `doing` is "the upload of update"; `limit` is "within 10 s".
Outcome from_smp_error(const Run&, const Error&, const std::string& doing,
                       const std::string& limit);

// The first 8 hex digits, as people compare them.
std::string short_hash(ByteView);
// "v2.0.0 (hash 5d0c12ab)".
std::string version_and_hash(const std::string& version, ByteView hash);

// Of image 0: what runs, and what lies in the other slot.
const smp::ImageSlot* running(const std::vector<smp::ImageSlot>&);
const smp::ImageSlot* other(const std::vector<smp::ImageSlot>&);

}  // namespace assay::executor
