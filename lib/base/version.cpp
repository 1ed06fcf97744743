#include "base/version.hpp"

namespace assay {
constinit const std::string_view version = ASSAY_VERSION;
}
