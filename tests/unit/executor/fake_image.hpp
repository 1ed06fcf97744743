// Small signed images for the fake board: an MCUboot header, a payload that holds
// the program's own line, a SHA-256 TLV.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "images/mcuboot.hpp"

namespace assay::executor::test {

// `says` stands in the payload behind "build time: ". Hangs when it is "hang".
Bytes signed_image(images::McubootVersion version, const std::string& says);
// What stands there; "" when nothing does.
std::string says_of(ByteView image);

}  // namespace assay::executor::test
