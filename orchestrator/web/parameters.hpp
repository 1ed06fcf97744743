// The parameters of one address, strictly: each is taken by name and checked, and
// what nobody took is an error, because a filter that is misspelt must not show
// everything. Not thread-safe: one request's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "web/request.hpp"

namespace assay::web {

class Parameters {
 public:
  explicit Parameters(const Target& target) : target_(target) {}

  // "" when it is not there.
  std::string text(const std::string& name);
  [[nodiscard]] bool has(const std::string& name) const;
  // At least `least`, at most `most`; Cause::invalid.
  Result<std::int64_t> number(const std::string& name, std::int64_t otherwise, std::int64_t least,
                              std::int64_t most);
  Result<std::uint32_t> count(const std::string& name, std::uint32_t otherwise, std::uint32_t least,
                              std::uint32_t most);
  Result<bool> flag(const std::string& name);  // 1 or 0
  // Cause::invalid: something was not taken.
  [[nodiscard]] Result<> all_taken() const;

 private:
  const Target& target_;
  std::vector<std::string> known_;
};

}  // namespace assay::web
