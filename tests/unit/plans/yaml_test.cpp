#include "plans/yaml.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace assay::plans {
namespace {

std::string wrong(std::string_view text) {
  Diagnostics diagnostics;
  parse_yaml(text, "x.yaml", diagnostics);
  return to_string(diagnostics.take());
}

Node node_of(std::string_view text) {
  Diagnostics diagnostics;
  auto node = parse_yaml(text, "x.yaml", diagnostics);
  EXPECT_EQ(to_string(diagnostics.take()), "");
  return node.value_or(Node{});
}

// What reading the value of `v: TEXT` says.
template <class Read>
std::string reading(std::string_view text, Read read) {
  Diagnostics diagnostics;
  const Node node = node_of("v: " + std::string(text));
  Reader reader(diagnostics);
  read(reader, *node.find("v"));
  return to_string(diagnostics.take());
}
std::string whole(std::string_view text) {
  return reading(text, [](Reader& r, const Node& n) { r.whole(n, 0, 100); });
}
std::string duration(std::string_view text) {
  return reading(text, [](Reader& r, const Node& n) { r.duration(n); });
}

TEST(Yaml, EveryNodeKnowsItsPlace) {
  const Node root = node_of("a: 1\nb:\n  - c: [x, \"y\"]\n    d:\n");
  EXPECT_EQ(to_string(root.find("a")->place), "x.yaml:1:4");
  const Node& item = root.find("b")->items.at(0);
  EXPECT_EQ(to_string(item.place), "x.yaml:3:5");
  EXPECT_EQ(to_string(item.find("c")->items.at(1).place), "x.yaml:3:12");
  EXPECT_TRUE(item.find("c")->items.at(1).quoted);
  // An absent value stands where its key does.
  EXPECT_EQ(item.find("d")->kind, Node::Kind::null);
  EXPECT_EQ(to_string(item.find("d")->place), "x.yaml:4:5");
}

TEST(Yaml, KeysWithoutValuesInAFlowList) {
  const Node root = node_of("steps: [ reset:, assert: { running: base } ]");
  const auto& items = root.find("steps")->items;
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].entries.at(0).key, "reset");
  EXPECT_EQ(items[1].find("assert")->find("running")->text, "base");
}

TEST(Yaml, AnEmptyDocumentIsNothing) {
  EXPECT_EQ(node_of("").kind, Node::Kind::null);
  EXPECT_EQ(node_of("# only a comment\n").kind, Node::Kind::null);
}

TEST(Yaml, DuplicateKey) {
  EXPECT_EQ(wrong("a: 1\nb: 2\na: 3\n"), "x.yaml:3:1: 'a' is there twice: the first is in line 1");
  EXPECT_EQ(wrong("a: { b: 1, b: 2 }\n"),
            "x.yaml:1:12: 'b' is there twice: the first is in line 1");
}

TEST(Yaml, EveryFindingOfADocument) {
  EXPECT_EQ(wrong("a: 1\na: 2\nb: !!int 3\n[1]: 2\n"),
            "x.yaml:2:1: 'a' is there twice: the first is in line 1\n"
            "x.yaml:3:4: the tag 'tag:yaml.org,2002:int' is not used here: leave it out\n"
            "x.yaml:4:1: a key must be a word, not a list");
}

TEST(Yaml, SyntaxWithItsPlace) {
  EXPECT_EQ(wrong("a: [1, 2\nb: 3\n"),
            "x.yaml:2:2: not valid YAML: end of sequence flow not found");
  EXPECT_EQ(wrong("a: 1\n\tb: 2\n"), "x.yaml:2:1: indented with a tab: use spaces");
  EXPECT_EQ(wrong("a: { times: ${boots}, x: 1 }\n"),
            "x.yaml:1:14: inside { } and [ ] a ${...} must stand in quotes: \"${name}\"");
}

TEST(Yaml, BytesThatAreNotText) {
  EXPECT_EQ(wrong(std::string_view("a: \0b", 5)), "x.yaml:1:4: the byte 0x00 is not text");
  EXPECT_EQ(wrong("a: 1\nb: \xFF\n"), "x.yaml:2:4: the byte 0xff is not UTF-8 text");
  EXPECT_EQ(wrong("\xEF\xBB\xBF"
                  "a: \xC3\xBC\n"),
            "");
}

TEST(Yaml, SecondDocument) {
  EXPECT_EQ(wrong("a: 1\n---\nb: 2\n"), "x.yaml:3:1: a second document: one a file");
}

TEST(Yaml, Limits) {
  EXPECT_EQ(wrong(std::string(max_document_size + 1, ' ')),
            "x.yaml: 1048577 bytes, at most 1048576 can be read");
  EXPECT_EQ(wrong("a: " + std::string(40, '[') + std::string(40, ']')),
            "x.yaml:1:35: nested more than 32 deep");
  EXPECT_TRUE(wrong("a: " + std::string(5000, '[')).ends_with("nested more than 32 deep"));
  // Ten times ten times ... : 10^7 values from ten lines.
  std::string bomb = "a0: &a0 x\n";
  for (int i = 1; i < 8; ++i) {
    const auto name = "a" + std::to_string(i);
    bomb += name + ": &" + name + " [";
    for (int k = 0; k < 10; ++k) bomb += (k ? ",*a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_NE(wrong(bomb).find("more than 20000 values, aliases counted each time"),
            std::string::npos);
  EXPECT_NE(wrong("a: &a [*a]\n"), "");
}

TEST(Yaml, AtMostTwentyFindings) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "a: 1\n";
  const std::string all = wrong(text);
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 20);
  EXPECT_TRUE(all.ends_with("x.yaml: and 9 more")) << all;
}

TEST(YamlValues, WholeNumbers) {
  EXPECT_EQ(whole("7"), "");
  EXPECT_EQ(whole("ten"), "x.yaml:1:4: expected a whole number, not 'ten'");
  EXPECT_EQ(whole("010"), "x.yaml:1:4: '010' could be meant as octal: write 10");
  EXPECT_EQ(whole("1e3"), "x.yaml:1:4: expected a whole number, not '1e3'");
  EXPECT_EQ(whole("101"), "x.yaml:1:4: 101 is out of range: 0 to 100");
  EXPECT_EQ(whole("-1"), "x.yaml:1:4: -1 is out of range: 0 to 100");
  EXPECT_EQ(whole("99999999999999999999"), "x.yaml:1:4: '99999999999999999999' is too large");
  EXPECT_EQ(whole("[1]"), "x.yaml:1:4: expected a whole number, not a list");
  EXPECT_EQ(whole(""), "x.yaml:1:1: expected a whole number, not nothing");
}

TEST(YamlValues, Durations) {
  for (const char* good : {"10ms", "10s", "1.5s", "2min", "2m", "1h", "10 s"})
    EXPECT_EQ(duration(good), "");
  EXPECT_EQ(duration("10"), "x.yaml:1:4: '10' has no unit: write 10ms, 10s or 2min");
  EXPECT_EQ(duration("10sec"),
            "x.yaml:1:4: '10sec' has the unknown unit 'sec': write 10ms, 10s or 2min");
  EXPECT_EQ(duration("soon"),
            "x.yaml:1:4: expected a duration, not 'soon': write 10ms, 10s or 2min");
  EXPECT_EQ(duration("200h"), "x.yaml:1:4: '200h' is longer than a week");
  EXPECT_EQ(duration("-1s"), "x.yaml:1:4: expected a duration, not '-1s': write 10ms, 10s or 2min");
  std::string why_not;
  EXPECT_EQ(parse_duration("1.5s", why_not), Duration(std::chrono::milliseconds(1500)));
  EXPECT_EQ(parse_duration("2min", why_not), Duration(std::chrono::minutes(2)));
}

TEST(YamlValues, TruthBytesAndWords) {
  const auto truth = [](Reader& r, const Node& n) { r.truth(n); };
  EXPECT_EQ(reading("true", truth), "");
  EXPECT_EQ(reading("yes", truth), "x.yaml:1:4: expected true or false, not 'yes'");
  const auto bytes = [](Reader& r, const Node& n) { r.bytes(n); };
  for (const char* good : {"4096", "0x1A000", "256K", "1M", "0"})
    EXPECT_EQ(reading(good, bytes), "");
  EXPECT_EQ(reading("0100", bytes),
            "x.yaml:1:4: '0100' could be meant as octal: write 0x... or no leading zero");
  EXPECT_EQ(reading("many", bytes),
            "x.yaml:1:4: expected a number of bytes such as 4096, 0x1000 or 4K, not 'many'");
  const auto name = [](Reader& r, const Node& n) { r.name(n); };
  EXPECT_EQ(reading("a b", name),
            "x.yaml:1:4: 'a b' is not a name: 1 to 64 letters, digits and - _");
}

TEST(YamlValues, Variables) {
  Diagnostics diagnostics;
  const Variables variables = {{"boots", "3"}, {"later", std::nullopt}};
  Reader reader(diagnostics, &variables);
  const Node root = node_of(
      "[\"${boots}\", \"a ${boots} b\", \"${later}\", \"$${boots}\", '^x$', \"${bots}\", \"${x\"]");
  EXPECT_EQ(reader.whole(root.items[0], 1, 5), 3);
  EXPECT_EQ(reader.text(root.items[1]), "a 3 b");
  EXPECT_EQ(reader.whole(root.items[2], 1, 5), std::nullopt);
  EXPECT_EQ(reader.text(root.items[3]), "${boots}");
  EXPECT_EQ(reader.text(root.items[4]), "^x$");
  EXPECT_TRUE(diagnostics.empty());
  reader.text(root.items[5]);
  reader.text(root.items[6]);
  EXPECT_EQ(to_string(diagnostics.take()),
            "x.yaml:1:62: '${bots}' is not defined, did you mean '${boots}'?\n"
            "x.yaml:1:73: '${' without its '}'");
}

}  // namespace
}  // namespace assay::plans
