// The JSON Schema is the committed file, and agrees with the reader: what the
// reader takes it takes, and the other way round. With just enough of a
// validator: the keywords that the schema uses.
#include <gtest/gtest.h>

#include <re2/re2.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "plans/check.hpp"
#include "plans/shipped.hpp"
#include "support.hpp"

namespace assay::plans {
namespace {

using nlohmann::json;

// As an editor reads the YAML: plain scalars have types.
json json_of(const Node& node) {
  json out;
  if (node.kind == Node::Kind::sequence) out = json::array();
  if (node.kind == Node::Kind::map) out = json::object();
  for (const Node& item : node.items) out.push_back(json_of(item));
  for (const Entry& entry : node.entries) out[entry.key] = json_of(entry.value);
  if (node.kind != Node::Kind::scalar) return out;
  if (!node.quoted && (node.text == "true" || node.text == "false")) return node.text == "true";
  if (!node.quoted && node.text.find_first_not_of("0123456789") == std::string::npos)
    return std::stoll(node.text);
  if (!node.quoted && node.text.starts_with("0x")) return std::stoll(node.text, nullptr, 16);
  return node.text;
}

class Validator {
 public:
  explicit Validator(json schema) : root_(std::move(schema)) {}
  bool valid(const json& value) { return fits(root_, value); }
  std::set<std::string> unknown;  // keywords that are not understood here

 private:
  static bool is_type(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "boolean") return value.is_boolean();
    return type == "null" && value.is_null();
  }

  bool fits(const json& schema, const json& value) {
    if (schema.is_boolean()) return schema.get<bool>();
    bool good = true;
    for (const auto& [key, rule] : schema.items()) good = fits(schema, key, rule, value) && good;
    return good;
  }

  bool fits(const json& schema, const std::string& key, const json& rule, const json& value) {
    static const std::set<std::string> notes = {"$schema", "title", "description", "$defs"};
    if (notes.contains(key)) return true;
    if (key == "$ref") {
      return fits(root_.at(json::json_pointer(rule.get<std::string>().substr(1))), value);
    }
    if (key == "type") {
      if (rule.is_string()) return is_type(value, rule);
      return std::any_of(rule.begin(), rule.end(),
                         [&](const json& t) { return is_type(value, t); });
    }
    if (key == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
    if (key == "oneOf") {
      return std::count_if(rule.begin(), rule.end(),
                           [&](const json& s) { return fits(s, value); }) == 1;
    }
    if (key == "pattern")
      return !value.is_string() ||
             RE2::PartialMatch(value.get<std::string>(), rule.get<std::string>());
    if (key == "minimum") return !value.is_number() || value >= rule;
    if (key == "maximum") return !value.is_number() || value <= rule;
    if (key == "minItems") return !value.is_array() || value.size() >= rule;
    if (key == "minProperties") return !value.is_object() || value.size() >= rule;
    if (key == "items") {
      return !value.is_array() ||
             std::all_of(value.begin(), value.end(), [&](const json& v) { return fits(rule, v); });
    }
    if (!value.is_object()) return true;
    if (key == "required")
      return std::all_of(rule.begin(), rule.end(),
                         [&](const json& k) { return value.contains(k); });
    bool good = true;
    if (key == "dependentRequired") {
      for (const auto& [name, others] : rule.items()) {
        for (const json& other : others)
          good = good && (!value.contains(name) || value.contains(other));
      }
    } else if (key == "properties") {
      for (const auto& [name, sub] : rule.items())
        good = good && (!value.contains(name) || fits(sub, value.at(name)));
    } else if (key == "additionalProperties") {
      for (const auto& [name, sub] : value.items()) {
        if (!schema.contains("properties") || !schema.at("properties").contains(name))
          good = good && fits(rule, sub);
      }
    } else {
      unknown.insert(key);
    }
    return good;
  }

  json root_;
};

bool schema_takes(const std::string& text) {
  Diagnostics diagnostics;
  const auto node = parse_yaml(text, "x.yaml", diagnostics);
  if (!node || !diagnostics.empty()) return false;
  Validator validator(json::parse(plan_schema()));
  const bool valid = validator.valid(json_of(*node));
  EXPECT_EQ(validator.unknown, std::set<std::string>{});
  return valid;
}

TEST(Schema, IsTheCommittedFile) {
  EXPECT_EQ(read_text("test-plans/plan.schema.json").value_or(""), plan_schema())
      << "to renew it: assay plan schema > test-plans/plan.schema.json";
}

TEST(Schema, TakesTheShippedPlans) {
  int plans = 0;
  for (const auto& entry : std::filesystem::directory_iterator("test-plans")) {
    if (entry.path().extension() != ".yaml") continue;
    EXPECT_TRUE(schema_takes(*read_text(entry.path()))) << entry.path();
    ++plans;
  }
  EXPECT_GE(plans, 5);
}

TEST(Schema, AgreesWithTheReader) {
  // Each form of each verb, good and bad.
  const std::vector<std::pair<bool, std::string>> steps = {
      {true, "flash: base"},
      {true, "flash: { image: base, slot: primary }"},
      {true, "flash: { image: base, again: true }"},
      {true, "flash: { image: base, bmap: update, within: 1h }"},
      {false, "flash: { image: base, within: soon }"},
      {false, "flash: { image: base, bmap: [update] }"},
      {false, "flash: { image: base, again: 2 }"},
      {false, "flash: { image: base, agian: true }"},
      {false, "flash: { slot: primary }"},
      {false, "flash: [base]"},
      {true, "power: cycle"},
      {false, "power: up"},
      {true, "reset:"},
      {false, "reset: 1"},
      {true, "expect: { seen: x, within: 1s }"},
      {true, "expect: { absent: x, for: 1s }"},
      {false, "expect: { seen: x }"},
      {false, "expect: { seen: x, within: 10 }"},
      {false, "expect: { seen: x, absent: y, within: 1s, for: 1s }"},
      {true, "update: { image: update, via: smp, until: confirmed, within: 2min }"},
      {false, "update: { image: update, until: done }"},
      {false, "update: update"},
      {true, "confirm:"},
      {true, "confirm: { within: 5s }"},
      {false, "confirm: yes"},
      {true, "erase:"},
      {false, "erase: { wihtin: 5s }"},
      {true, "assert: { running: base, confirmed: true }"},
      {false, "assert: { running: base, confirmed: maybe }"},
      {false, "assert: { confirmed: true }"},
      {true, "hold: { for: 30m }"},
      {false, "hold:"},
      {true, "repeat: { times: 3, steps: [ reset: ] }"},
      {false, "repeat: { times: 0, steps: [ reset: ] }"},
      {false, "repeat: { times: 3, steps: [] }"},
      {true, "use: other"},
      {true, "use: other\n    with: { a: 1 }"},
      {false, "power: on\n    with: { a: 1 }"},
      {false, "power: on\n    reset:"},
      {false, "id: x"},
      {true, "id: x\n    reset:"},
      {false, "dance: now"},
      {true, "on: dut\n    reset:"}};
  for (const auto& [good, step] : steps) {
    const std::string text = plan_with("  - " + step);
    EXPECT_EQ(parse_plan(text, "p.yaml").has_value(), good) << step << "\n"
                                                            << findings(parse_plan(text, "p.yaml"));
    EXPECT_EQ(schema_takes(text), good) << step;
  }
  const std::vector<std::pair<bool, std::string>> more = {
      {true, "params: { a: { type: int, default: 3 } }"},
      {false, "params: { a: { default: 3 } }"},
      {false, "params: { a: { type: number } }"},
      {true, "never: [ 'x' ]"},
      {false, "never: x"},
      {true, "deadline: 10min"},
      {false, "deadline: 10"},
      {true, "finally: [ power: off ]"},
      {false, "finaly: [ power: off ]"}};
  for (const auto& [good, line] : more) {
    const std::string text = plan_with("  - power: on", line);
    EXPECT_EQ(parse_plan(text, "p.yaml").has_value(), good) << line;
    EXPECT_EQ(schema_takes(text), good) << line;
  }
}

}  // namespace
}  // namespace assay::plans
