// Data as JSON that may stand in a script element: neither a tag nor a line end of
// JavaScript can be in it, as '<', '>', '&', U+2028 and U+2029 are escaped.
// Thread-safe: free functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "reports/console_text.hpp"

namespace google::protobuf {
class Message;
}

namespace assay::reports {

// As proto JSON.
Result<std::string> embedded_json(const google::protobuf::Message&);
// The same of a v1::ConsoleLine. Of its own because a report has millions of them.
std::string embedded_json(const ConsoleLine&);
// A string with its quotes; `text` is UTF-8.
std::string embedded_json(std::string_view text);

}  // namespace assay::reports
