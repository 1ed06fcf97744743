// A password or the like, which a lab file never holds: it says in which variable of
// the agent's environment or in which file to look. Not thread-safe (getenv()).
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "drivers/kinds.hpp"

namespace assay::drivers {

class Secret {
 public:
  // By the settings NAME-env and NAME-file, one of them or none.
  static Result<Secret> from(const Json& params, std::string_view name);

  [[nodiscard]] bool given() const { return !variable_.empty() || !file_.empty(); }
  // Now, so that a new password counts without a new start; "" when none is given.
  // Cause::device names the variable or file that is missing.
  [[nodiscard]] Result<std::string> read() const;

 private:
  std::string variable_, file_;
};

// `text` for an error, with "***" for what must not be seen there. Empty ones are none.
std::string without(std::string text, std::initializer_list<std::string_view> secrets);

}  // namespace assay::drivers
