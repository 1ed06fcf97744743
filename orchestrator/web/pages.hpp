// The built pages, read once: index.html, assets/*. Thread-safe: constant.
#pragma once

#include <filesystem>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "web/reply.hpp"

namespace assay::web {

class Pages {
 public:
  // No pages: they are not built, which find() then says.
  Pages() = default;
  // Cause::exhausted past 16 MiB; io. A folder without index.html has no pages.
  static Result<Pages> read(const std::filesystem::path& folder);
  // $ASSAY_PAGES, else reports/pages/dist where Assay's files are. Says in the log
  // what is wrong with them.
  static Pages shipped();

  // The file of that path, else index.html, whose script then knows the way; under
  // /assets only what is there.
  [[nodiscard]] Reply find(const Target&) const;

 private:
  std::unordered_map<std::string, Reply> files_;  // "assets/main.1a2b.js"
};

}  // namespace assay::web
