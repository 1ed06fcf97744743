// Whatever the bytes: an answer, never a crash or a finding without a place.
#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <filesystem>

#include "base/file.hpp"
#include "plans/check.hpp"
#include "support.hpp"

namespace assay::plans {
namespace {

std::vector<std::string> documents() {
  std::vector<std::string> all;
  for (const char* folder : {"test-plans", "test-plans/fragments", "board-profiles"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".yaml") all.push_back(*read_text(entry.path()));
    }
  }
  all.emplace_back(
      "lab: l\nboards:\n  - id: a\n    profile: p\n    devices:\n      power: { driver: command, "
      "on: [a, b], off: [c] }\n"
      "      console: { driver: serial, path: /dev/x, baud: 9600 }\n");
  return all;
}

// Cut, doubled and replaced pieces, and what means something to YAML.
std::string mutated(std::string text) {
  static const std::vector<std::string> pieces = {"\n",
                                                  "  ",
                                                  ":",
                                                  ": ",
                                                  "- ",
                                                  "[",
                                                  "]",
                                                  "{",
                                                  "}",
                                                  "'",
                                                  "\"",
                                                  "&a ",
                                                  "*a",
                                                  "|",
                                                  ">",
                                                  "!!x ",
                                                  "#",
                                                  "${",
                                                  "}",
                                                  "%",
                                                  "?",
                                                  "\t",
                                                  "\xFF",
                                                  "\xC3",
                                                  "---\n",
                                                  "<<: ",
                                                  "0x",
                                                  "010",
                                                  "repeat: ",
                                                  "use: ",
                                                  "steps: ",
                                                  "~",
                                                  ",",
                                                  "1000000000000000000000",
                                                  std::string(1, '\0')};
  const int changes = *rc::gen::inRange(1, 6);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    const auto at =
        static_cast<std::size_t>(*rc::gen::inRange<int>(0, static_cast<int>(text.size())));
    const auto length = static_cast<std::size_t>(*rc::gen::inRange(0, 40));
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, text.substr(at, length));
        break;
      case 2:
        text[at] = static_cast<char>(*rc::gen::inRange(0, 256));
        break;
      case 3:
        text.resize(at);
        break;
      default:
        text.insert(at, *rc::gen::elementOf(pieces));
        break;
    }
  }
  return text;
}

void check_places(const std::vector<Diagnostic>& found, const std::string& text) {
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  RC_ASSERT(found.size() <= Diagnostics::limit + 1);
  for (const Diagnostic& one : found) {
    RC_ASSERT(one.place.file == "x.yaml");
    RC_ASSERT(!one.text.empty());
    RC_ASSERT(one.place.line >= 0 && one.place.line <= lines + 1);
    RC_ASSERT(one.place.line == 0 || one.place.column >= 1);
    // What goes to a terminal is printable, whatever the document was.
    RC_ASSERT(std::none_of(one.text.begin(), one.text.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20 && c != '\t';
    }));
  }
}

RC_GTEST_PROP(Mutations, AlwaysAnAnswer, ()) {
  static const auto all = documents();
  const std::string text = mutated(*rc::gen::elementOf(all));
  const auto answer = [&](const auto& parsed) {
    if (!parsed) RC_ASSERT(!parsed.error().empty());
    if (!parsed) check_places(parsed.error(), text);
  };
  const auto plan = parse_plan(text, "x.yaml");
  answer(plan);
  answer(parse_fragment(text, "x.yaml"));
  answer(parse_profile(text, "x.yaml"));
  answer(parse_lab(text, "x.yaml"));
  if (!plan) return;
  check_places(check(*plan, no_fragments()), text);
  CompileInputs in;
  for (const PlanRole& role : plan->roles) in.profiles[role.name] = Profile{};
  const auto spec = compile(*plan, in);
  if (spec) spec_digest(*spec);
  if (!spec) check_places(spec.error(), text);
}

RC_GTEST_PROP(Mutations, AnyBytes, (const std::string& text)) {
  const auto parsed = parse_plan(text, "x.yaml");
  RC_ASSERT(!parsed.has_value());
  check_places(parsed.error(), text);
}

}  // namespace
}  // namespace assay::plans
