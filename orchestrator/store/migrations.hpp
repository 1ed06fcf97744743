// The numbered steps from an empty database to schema.sql. Step n leaves
// `PRAGMA user_version = n`. Thread-safe.
#pragma once

#include <span>
#include <string_view>

namespace assay::store {

std::span<const std::string_view> migrations();

}  // namespace assay::store
