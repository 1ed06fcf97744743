#include "drivers_net/secret.hpp"

#include <cstdlib>

#include "base/file.hpp"

namespace assay::drivers {

Result<Secret> Secret::from(const Json& params, std::string_view name) {
  const auto by_variable = fmt::format("{}-env", name), by_file = fmt::format("{}-file", name);
  Secret secret;
  secret.variable_ = TRY(text_param(params, by_variable, ""));
  secret.file_ = TRY(text_param(params, by_file, ""));
  if (!secret.variable_.empty() && !secret.file_.empty()) {
    return fail(Cause::invalid, "give '{}' or '{}', not both", by_variable, by_file);
  }
  return secret;
}

Result<std::string> Secret::read() const {
  if (!variable_.empty()) {
    const char* value = std::getenv(variable_.c_str());
    if (value != nullptr) return std::string(value);
    return fail(Cause::device, "no variable {} in the agent's environment: start it with one",
                variable_);
  }
  if (file_.empty()) return std::string();
  auto text = read_text(file_, 4096);
  if (!text) return fail(Cause::device, "the password's file: {}", text.error().text);
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  return text;
}

std::string without(std::string text, std::initializer_list<std::string_view> secrets) {
  for (const auto secret : secrets) {
    if (secret.empty()) continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

}  // namespace assay::drivers
