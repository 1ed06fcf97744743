#include "plans/params.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace assay::plans {
namespace {

const std::array<std::string, 5> type_names = {"int", "string", "bool", "duration", "choice"};

Param read_param(Reader& reader, const Entry& entry) {
  Param param;
  param.name = entry.key;
  param.place = entry.place;
  Keys keys(reader, entry.value, "a parameter");
  const Node* type = keys.need("type");
  if (const Node* about = keys.find("about")) param.about = reader.text(*about).value_or("");
  const Node* fallback = keys.find("default");
  const Node* choices = keys.find("choices");
  keys.done();

  if (type == nullptr) return param;
  const auto type_name = reader.one_of(*type, type_names);
  if (!type_name) return param;
  const auto index = std::find(type_names.begin(), type_names.end(), *type_name);
  param.type = static_cast<Param::Type>(index - type_names.begin());
  if (choices != nullptr && param.type == Param::Type::choice) {
    param.choices = reader.texts(*choices).value_or(std::vector<std::string>());
    if (param.choices.empty()) reader.wrong(choices->place, "'choices' needs at least one");
  } else if (choices != nullptr) {
    reader.wrong(choices->place,
                 fmt::format("only 'type: choice' has choices, not '{}'", *type_name));
  } else if (param.type == Param::Type::choice) {
    reader.wrong(entry.value.place, "'type: choice' needs 'choices', a list");
    return param;
  }
  if (fallback == nullptr) return param;
  param.fallback = reader.text(*fallback);
  if (!param.fallback) return param;
  std::string why_not = misfit(param, *param.fallback);
  if (!why_not.empty()) reader.wrong(fallback->place, std::move(why_not));
  return param;
}

}  // namespace

std::vector<Param> read_params(Reader& reader, const Node* node) {
  std::vector<Param> params;
  if (node == nullptr || reader.map(*node, "parameters (a map)") == nullptr) return params;
  for (const Entry& entry : node->entries) {
    const bool good =
        !entry.key.empty() && entry.key.size() <= 64 &&
        std::all_of(entry.key.begin(), entry.key.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    if (!good) {
      reader.wrong(
          entry.place,
          fmt::format("'{}' is not a parameter's name: lower-case letters, digits, _ and -",
                      printable(entry.key)));
    }
    params.push_back(read_param(reader, entry));
  }
  return params;
}

std::string misfit(const Param& param, const std::string& value) {
  std::string why_not;
  switch (param.type) {
    case Param::Type::text:
      break;
    case Param::Type::whole:
      parse_whole(value, why_not);
      break;
    case Param::Type::duration:
      parse_duration(value, why_not);
      break;
    case Param::Type::truth:
      if (value != "true" && value != "false") {
        why_not = fmt::format("expected true or false, not '{}'", printable(value));
      }
      break;
    case Param::Type::choice:
      if (std::find(param.choices.begin(), param.choices.end(), value) == param.choices.end()) {
        why_not =
            fmt::format("'{}' is none of the choices: {}", printable(value), join(param.choices));
      }
      break;
  }
  return why_not;
}

Variables defaults(const std::vector<Param>& params) {
  Variables variables;
  for (const Param& param : params) variables[param.name] = param.fallback;
  return variables;
}

}  // namespace assay::plans
