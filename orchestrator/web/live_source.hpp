// What live streams are made of: assayd's rows and notifications, and the answers
// of queries/ behind functions, so that a test can give others. Thread-safe;
// the functions block for the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "api/backend.hpp"
#include "base/result.hpp"

namespace assay::v1 {
class ConsoleLines;
class Overview;
class Timeline;
}  // namespace assay::v1

namespace assay::web {

struct LiveSource {
  api::Backend& backend;  // outlives every stream
  std::function<Result<>(v1::Overview*)> overview;
  std::function<Result<>(const std::string& attempt, v1::Timeline*)> timeline;
  std::function<Result<>(const std::string& attempt, const std::string& role, std::int64_t from,
                         std::uint32_t count, v1::ConsoleLines*)>
      lines;
};

}  // namespace assay::web
