// Server-sent events as text. Source: HTML Living Standard, 9.2. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace assay::web {

// `data` is one line of JSON; neither has a line break. `id` "" : none.
inline void add_event(std::string& out, std::string_view name, std::string_view id,
                      std::string_view data) {
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("event: ").append(name).append("\ndata: ").append(data).append("\n\n");
}

inline constexpr std::string_view ping = ": ping\n\n";
inline constexpr std::string_view last_event = "event: end\ndata: {}\n\n";

}  // namespace assay::web
