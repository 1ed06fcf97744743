#include "plans/artifacts.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace assay::plans {
namespace {

using images::Derivation;

const std::array<std::string, 3> regions = {"payload", "header", "tlv"};

void read_region(Reader& reader, const Node& node, Derivation& flip) {
  const auto region = reader.one_of(node, regions);
  if (!region) return;
  if (*region == "header") flip.region = Derivation::Region::header;
  if (*region == "tlv") flip.region = Derivation::Region::tlv;
}

// `flip: payload`, or `flip: { in: payload, offset: 0x10, bit: 3 }`.
Derivation read_flip(Reader& reader, const Node& node) {
  Derivation flip;
  flip.kind = Derivation::Kind::flip;
  if (node.kind != Node::Kind::map) {
    read_region(reader, node, flip);
    return flip;
  }
  Keys keys(reader, node, "'flip'");
  if (const Node* region = keys.need("in")) read_region(reader, *region, flip);
  if (const Node* offset = keys.find("offset")) flip.offset = reader.bytes(*offset);
  if (const Node* bit = keys.find("bit")) {
    flip.bit = static_cast<std::uint8_t>(reader.whole(*bit, 0, 7).value_or(0));
  }
  keys.done();
  return flip;
}

// What stays: `truncate: 50%` or `truncate: 1000` (bytes).
Derivation read_truncate(Reader& reader, const Node& node) {
  Derivation truncate;
  truncate.kind = Derivation::Kind::truncate;
  if (node.kind != Node::Kind::scalar || !node.text.ends_with('%')) {
    truncate.keep_bytes = reader.bytes(node);
    return truncate;
  }
  Node digits = node;
  digits.text.pop_back();
  const auto percent = reader.whole(digits, 0, 99);
  truncate.keep_percent = static_cast<std::uint8_t>(percent.value_or(50));
  return truncate;
}

PlanArtifact read_artifact(Reader& reader, const Entry& entry) {
  PlanArtifact artifact;
  artifact.name = entry.key;
  artifact.place = entry.place;
  if (entry.value.kind == Node::Kind::null) return artifact;
  Keys keys(reader, entry.value, "an artifact");
  if (const Node* about = keys.find("about")) artifact.about = reader.text(*about).value_or("");
  if (const Node* prints = keys.find("prints")) artifact.prints = reader.text(*prints).value_or("");
  const Node* from = keys.find("from");
  if (from != nullptr) artifact.from = reader.text(*from, "an artifact's name").value_or("");
  for (const char* change : {"flip", "truncate", "foreign-key"}) keys.find(change);
  keys.done();

  const std::size_t before = reader.diagnostics().size();
  if (entry.value.kind != Node::Kind::map) return artifact;
  // In the order written: what comes first is done first.
  for (const Entry& change : entry.value.entries) {
    if (change.key == "flip") {
      artifact.derivations.push_back(read_flip(reader, change.value));
    } else if (change.key == "truncate") {
      artifact.derivations.push_back(read_truncate(reader, change.value));
    } else if (change.key == "foreign-key") {
      if (change.value.kind != Node::Kind::null && !reader.truth(change.value).value_or(true)) {
        reader.wrong(change.value.place, "leave 'foreign-key' out instead of saying false");
      }
      artifact.derivations.push_back({.kind = Derivation::Kind::foreign_key});
    } else {
      continue;
    }
    if (from == nullptr) {
      reader.wrong(change.place,
                   fmt::format("'{}' needs 'from', the artifact to change", change.key));
    }
  }
  if (from != nullptr && artifact.derivations.empty() && reader.diagnostics().size() == before) {
    reader.wrong(from->place, "'from' needs a change: flip, truncate or foreign-key");
  }
  return artifact;
}

}  // namespace

std::vector<PlanArtifact> read_artifacts(Reader& reader, const Node* node) {
  std::vector<PlanArtifact> artifacts;
  if (node == nullptr || reader.map(*node, "artifacts (a map)") == nullptr) return artifacts;
  std::vector<std::string> given;
  for (const Entry& entry : node->entries) {
    Node name;
    name.kind = Node::Kind::scalar;
    name.place = entry.place;
    name.text = entry.key;
    reader.name(name, "-_.");
    artifacts.push_back(read_artifact(reader, entry));
    if (artifacts.back().from.empty()) given.push_back(entry.key);
  }
  for (const PlanArtifact& artifact : artifacts) {
    if (artifact.from.empty()) continue;
    if (std::find(given.begin(), given.end(), artifact.from) != given.end()) continue;
    const Node* source = node->find(artifact.name)->find("from");
    if (node->find(artifact.from) != nullptr) {
      reader.wrong(
          source->place,
          fmt::format(
              "'{}' is derived itself: name the artifact that is given and list all changes here",
              printable(artifact.from)));
    } else {
      reader.wrong(source->place, fmt::format("no artifact '{}'{}", printable(artifact.from),
                                              did_you_mean(artifact.from, given)));
    }
  }
  return artifacts;
}

}  // namespace assay::plans
