// Messages as proto JSON, as the pages and HTTP have them: lowerCamelCase, on one
// line, fields with their default left out. Thread-safe: a free function.
#pragma once

#include <string>

#include "base/result.hpp"

namespace google::protobuf {
class Message;
}

namespace assay::wire {

// Cause::internal.
Result<std::string> to_json(const google::protobuf::Message&);

}  // namespace assay::wire
