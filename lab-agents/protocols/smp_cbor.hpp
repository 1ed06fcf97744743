// CBOR maps of a device that is under test: anything may come.
// Thread-safe: free functions. Internal to protocols/.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace assay::smp {

// A map, nested at most 8 deep; nullopt for anything else.
std::optional<nlohmann::json> parse_map(ByteView);

// The entry when it is there and of that type.
std::optional<std::uint64_t> number(const nlohmann::json& map, std::string_view key);
std::optional<std::string> text(const nlohmann::json& map, std::string_view key);
Bytes binary(const nlohmann::json& map, std::string_view key);  // else empty
bool flag(const nlohmann::json& map, std::string_view key);     // else false

}  // namespace assay::smp
