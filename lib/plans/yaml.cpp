#include "plans/yaml.hpp"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "base/text.hpp"

namespace assay::plans {
namespace {

// Thrown through yaml-cpp to end its parsing; what is wrong was reported before.
struct Stop {};

// Builds our tree from yaml-cpp's events. Its own nodes forget duplicate keys,
// quotes and places.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = place(mark);
    // An absent value has no place of its own: yaml-cpp gives the next token's.
    if (!open_.empty() && open_.back().key) node.place = open_.back().key->second;
    put(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(place(mark), "an alias inside what it stands for");
    count_ += size_of(found->second);
    put(found->second, 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(mark, tag);
    Node node;
    node.kind = Node::Kind::scalar;
    node.place = place(mark);
    node.text = value;
    node.quoted = tag == "!";
    put(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::sequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::map);
  }
  void OnMapEnd() override { close(); }

  Node take() { return std::move(root_); }

  [[nodiscard]] Place place(const YAML::Mark& mark) const {
    if (mark.is_null()) return {file_, 0, 0};
    return {file_, mark.line + 1, mark.column + 1};
  }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<std::pair<std::string, Place>> key;  // waits for its value
    bool drop = false;                                 // the value's key was there already
  };

  [[noreturn]] void stop(const Place& at, std::string text) {
    diagnostics_.add(at, std::move(text));
    throw Stop{};
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    diagnostics_.add(place(mark), fmt::format("the tag '{}' is not used here: leave it out", tag));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Node::Kind kind) {
    check_tag(mark, tag);
    if (open_.size() >= max_document_depth) {
      stop(place(mark), fmt::format("nested more than {} deep", max_document_depth));
    }
    Open next;
    next.node.kind = kind;
    next.node.place = place(mark);
    next.anchor = anchor;
    open_.push_back(std::move(next));
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    put(std::move(done.node), done.anchor);
  }

  void put(Node node, YAML::anchor_t anchor) {
    if (++count_ > max_document_nodes) {
      stop(node.place,
           fmt::format("more than {} values, aliases counted each time", max_document_nodes));
    }
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      put_key(parent, node);
    } else {
      if (!parent.drop) {
        parent.node.entries.push_back(
            {std::move(parent.key->first), std::move(parent.key->second), std::move(node)});
      }
      parent.key.reset();
    }
  }

  void put_key(Open& parent, const Node& node) {
    parent.key.emplace(node.text, node.place);
    parent.drop = false;
    if (node.kind != Node::Kind::scalar) {
      diagnostics_.add(node.place, fmt::format("a key must be a word, not {}", what_is(node)));
      parent.drop = true;
      return;
    }
    for (const Entry& entry : parent.node.entries) {
      if (entry.key != node.text) continue;
      diagnostics_.add(node.place, fmt::format("'{}' is there twice: the first is in line {}",
                                               printable(node.text), entry.place.line));
      parent.drop = true;
    }
  }

  static std::size_t size_of(const Node& node) {
    std::size_t size = 1;
    for (const Node& item : node.items) size += size_of(item);
    for (const Entry& entry : node.entries) size += 1 + size_of(entry.value);
    return size;
  }

  std::string file_;
  Diagnostics& diagnostics_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, Node> anchors_;
  std::size_t count_ = 0;
  Node root_;
};

// What yaml-cpp would take or report badly: bytes that are not text, and tabs.
bool check_bytes(std::string_view text, std::string_view file, Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.size();
  int line = 1;
  std::size_t line_start = 0;
  bool indent = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const Place at{std::string(file), line, static_cast<int>(i - line_start) + 1};
    if (byte == '\n') {
      ++line;
      line_start = i + 1;
      indent = true;
    } else if (byte == '\t') {
      if (indent) diagnostics.add(at, "indented with a tab: use spaces");
      indent = false;
    } else if ((byte < 0x20 && byte != '\r') || byte == 0x7F) {
      diagnostics.add(at, fmt::format("the byte 0x{:02x} is not text", byte));
      return false;
    } else if (byte >= 0x80) {
      indent = false;
      const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      const std::string_view sequence = text.substr(i, length);
      // U+FEFF at the start marks the encoding.
      const bool mark = i == 0 && sequence == "\xEF\xBB\xBF";
      if (!mark && printable(sequence) != sequence) {
        diagnostics.add(at, fmt::format("the byte 0x{:02x} is not UTF-8 text", byte));
        return false;
      }
      i += length - 1;
    } else if (byte != ' ') {
      indent = false;
    }
  }
  return diagnostics.size() == before;
}

std::string_view line_of(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

std::string syntax_text(const YAML::ParserException& error, std::string_view text) {
  const std::string_view line = line_of(text, error.mark.line + 1);
  const auto dollar = line.find("${");
  if (dollar != std::string_view::npos && line.find_first_of("[{") < dollar) {
    return "inside { } and [ ] a ${...} must stand in quotes: \"${name}\"";
  }
  return fmt::format("not valid YAML: {}", error.msg);
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string what_is(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::map:
      return "a map";
    case Node::Kind::scalar:
      break;
  }
  const std::string shown = printable(node.text);
  return shown.size() <= 60 ? fmt::format("'{}'", shown)
                            : fmt::format("'{}...'", shown.substr(0, 57));
}

std::optional<Node> parse_yaml(std::string_view text, std::string_view file,
                               Diagnostics& diagnostics) {
  const Place whole{std::string(file), 0, 0};
  if (text.size() > max_document_size) {
    diagnostics.add(
        whole, fmt::format("{} bytes, at most {} can be read", text.size(), max_document_size));
    return std::nullopt;
  }
  if (!check_bytes(text, file, diagnostics)) return std::nullopt;
  Builder builder(file, diagnostics);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    Node root = builder.take();
    Builder second(file, diagnostics);
    if (parser.HandleNextDocument(second)) {
      const Place& at = second.take().place;
      diagnostics.add(at.line > 0 ? at : whole, "a second document: one a file");
    }
    if (root.place.file.empty()) root.place = {std::string(file), 1, 1};
    return root;
  } catch (const Stop&) {
  } catch (const YAML::ParserException& error) {
    diagnostics.add(builder.place(error.mark), syntax_text(error, text));
  } catch (const std::exception& error) {
    diagnostics.add(whole, fmt::format("not valid YAML: {}", error.what()));
  }
  return std::nullopt;
}

}  // namespace assay::plans
