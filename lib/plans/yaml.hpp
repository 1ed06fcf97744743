// The one strict reader of YAML: every node knows its place, and what YAML
// lets pass silently (duplicate keys, octal numbers, tags) is an error.
// Thread-safe: free functions and values. Limits: 1 MiB of text, depth 32,
// 20,000 nodes after aliases are expanded. Values stay text until somebody
// reads them with a type: `on`, `010` and `1e3` mean nothing by themselves.
// Source: YAML 1.2 as yaml-cpp parses it, one document a file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "plans/diagnostics.hpp"

namespace assay::plans {

inline constexpr std::size_t max_document_size = 1 << 20;
inline constexpr int max_document_depth = 32;
inline constexpr std::size_t max_document_nodes = 20'000;
inline constexpr std::size_t max_tags = 64;  // of a board or a role

struct Node;
struct Entry;

struct Node {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  Place place;
  std::string text;            // scalar
  bool quoted = false;         // scalar in quotes or as a block
  std::vector<Node> items;     // sequence
  std::vector<Entry> entries;  // map, in the order written; keys are unique

  [[nodiscard]] const Node* find(std::string_view key) const;
};
struct Entry {
  std::string key;
  Place place;  // of the key
  Node value;
};

// The document, as far as it can be read: duplicate keys and tags are added to
// the findings and the rest is still there to be checked. nullopt after a syntax
// error. An empty document is a null node.
std::optional<Node> parse_yaml(std::string_view text, std::string_view file, Diagnostics&);

// "a list", "a map", "nothing", "'ten'": for messages.
std::string what_is(const Node&);

// Values of `${name}`. A name that is declared without a value makes the whole
// text unknown: it is checked when the value is there.
using Variables = std::map<std::string, std::optional<std::string>, std::less<>>;

// Typed reading. Each returns nullopt after adding a finding; a text with an
// unknown variable gives nullopt without one.
class Reader {
 public:
  Reader(Diagnostics& diagnostics, const Variables* variables = nullptr)
      : diagnostics_(diagnostics), variables_(variables) {}

  // The scalar's text with `${}` replaced.
  std::optional<std::string> text(const Node&, std::string_view expected = "a text");
  std::optional<std::int64_t> whole(const Node&, std::int64_t least, std::int64_t most);
  // Decimal, or hexadecimal as 0x8000; also 256K, 1M.
  std::optional<std::uint64_t> bytes(const Node&);
  std::optional<double> number(const Node&, double least, double most);
  std::optional<bool> truth(const Node&);
  std::optional<Duration> duration(const Node&);
  std::optional<std::string> one_of(const Node&, std::span<const std::string> words);
  // A list of texts.
  std::optional<std::vector<std::string>> texts(const Node&,
                                                std::string_view expected = "a list of texts");
  // Letters, digits and `extra`, 1 to 64 characters.
  std::optional<std::string> name(const Node&, std::string_view extra = "-_");
  // Of a board: "ble", "site=lab-b". Those that are wrong are left out.
  std::vector<std::string> tags(const Node&);

  // nullptr (with a finding) when the node is not of the kind.
  const Node* map(const Node&, std::string_view expected = "a map");
  const Node* sequence(const Node&, std::string_view expected = "a list");

  void wrong(const Place&, std::string text);
  [[nodiscard]] Diagnostics& diagnostics() { return diagnostics_; }
  [[nodiscard]] const Variables* variables() const { return variables_; }

 private:
  Diagnostics& diagnostics_;
  const Variables* variables_;
};

// The keys of one map: those asked for are known, done() reports the others.
// A node that is no map is reported once and has no keys.
class Keys {
 public:
  Keys(Reader& reader, const Node& map, std::string_view what);
  // nullptr when absent.
  const Node* find(std::string_view key);
  // Reports its absence: "a plan needs 'steps'".
  const Node* need(std::string_view key);
  void done();

 private:
  Reader& reader_;
  const Node* map_;
  Place place_;
  std::string what_;
  std::vector<std::string> known_;
};

// Values without a document, as given by hand (`--param within=10s`).
std::optional<Duration> parse_duration(std::string_view text, std::string& why_not);
std::optional<std::int64_t> parse_whole(std::string_view text, std::string& why_not);

}  // namespace assay::plans
