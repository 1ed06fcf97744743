// The version of all of Assay's programs: one build, one number (CMakeLists.txt).
#pragma once

#include <string_view>

namespace assay {
extern const std::string_view version;  // "0.1.0", constant from the start
}
