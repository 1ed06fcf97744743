// A request of the host protocol, carried out on a device. Not thread-safe.
#pragma once

#include "hosts/host_program.hpp"
#include "hosts/protocol.hpp"

namespace assay::hosts {

// The value as Reply carries it: null for Result<>, null or the value for an
// optional, binary for bytes. Never throws.
Result<Json> perform(abilities::Device&, const Request&, const abilities::Order&);

}  // namespace assay::hosts
