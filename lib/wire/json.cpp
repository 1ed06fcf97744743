#include "wire/json.hpp"

#include <google/protobuf/util/json_util.h>

namespace assay::wire {

Result<std::string> to_json(const google::protobuf::Message& message) {
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text);
  if (!status.ok()) return fail(Cause::internal, "no JSON: {}", status.ToString());
  return text;
}

}  // namespace assay::wire
