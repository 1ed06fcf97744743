#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/text.hpp"
#include "executor/channels.hpp"
#include "executor/story.hpp"

namespace assay::executor {

using Says = evidence::Finding::Says;

namespace {

bool contains(ByteView bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end(),
                     [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }) !=
         bytes.end();
}

std::string since(const RoleState& role) {
  const auto what = role.console->last_actuation();
  return what.empty() ? "" : " since the " + what;
}

// Lines that programs are known to print: of several the latest counts.
Word by_prints(const Run& run, const plans::Artifact& wanted, Duration within, const Wait& wait) {
  Word word{{"console", fmt::format("\"{}\"", printable(wanted.prints)), "", Says::cannot_tell}};
  std::vector<const plans::Artifact*> known;
  std::string pattern;
  for (const auto& artifact : run.spec.artifacts) {
    if (artifact.prints.empty()) continue;
    known.push_back(&artifact);
    pattern += (pattern.empty() ? "" : "|") + re2::RE2::QuoteMeta(artifact.prints);
  }
  const auto seen = run.role.console->latest({"prints", pattern, "", {}}, wait);
  if (!seen) {
    word.finding.observed = "not seen" + since(run.role);
    word.silent = fmt::format("{} but \"{}\" was not seen {}", story(run.role),
                              printable(wanted.prints), run.limit_words(within, wait));
    if (seen.error().cause == Cause::cancelled) word.broken = seen.error();
    return word;
  }
  word.finding.observed = plain(seen->line.text);
  word.finding.says =
      seen->line.text.find(wanted.prints) != std::string::npos ? Says::agrees : Says::disagrees;
  return word;
}

Word by_identity(const Run& run, const plans::Marker& marker, const std::string& name,
                 const Artifacts::Image& image, Duration within, const Wait& wait) {
  Word word{{"console", fmt::format("what {} says stands in {}", marker.name, name), "",
             Says::cannot_tell}};
  const auto seen = run.role.console->latest(marker, wait);
  if (!seen) {
    word.finding.observed = marker.name + " was not seen" + since(run.role);
    word.silent = fmt::format("{} but {} was not seen {}", story(run.role), marker.name,
                              run.limit_words(within, wait));
    if (seen.error().cause == Cause::cancelled) word.broken = seen.error();
    return word;
  }
  const auto& value = seen->captured;
  const std::string said = fmt::format("\"{}\"", printable(value));
  if (value.empty() || images::is_encrypted(image.facts.header)) {
    word.finding.observed =
        value.empty() ? marker.name + " captured nothing" : said + ", but the image is encrypted";
    return word;
  }
  // Whose else it could be. A derived image says the same as what it was made from.
  std::vector<std::string> holders;
  for (const auto& artifact : run.spec.artifacts) {
    if (artifact.name == name || run.artifacts.related(artifact.name, name)) continue;
    const auto theirs = run.artifacts.image(artifact.name, run.role.profile());
    if (theirs && theirs->bytes != image.bytes && contains(theirs->bytes, value))
      holders.push_back(artifact.name);
  }
  if (contains(image.bytes, value)) {
    word.finding.says = holders.empty() ? Says::agrees : Says::cannot_tell;
    word.finding.observed =
        holders.empty() ? said : said + ", which stands in " + listed(holders) + " as well";
  } else {
    word.finding.says = Says::disagrees;
    word.finding.observed =
        said + (holders.empty() ? std::string() : ", which stands in " + listed(holders));
  }
  return word;
}

}  // namespace

Word console_word(const Run& run, const plans::AssertRunning& step, const Artifacts::Image* image,
                  const Wait& wait) {
  Word word{{"console", step.artifact, "", Says::cannot_tell}};
  if (run.role.board->console() == nullptr) {
    word.finding.observed = "the board has no console";
    return word;
  }
  const auto* artifact = run.artifacts.find(step.artifact);
  if (artifact != nullptr && !artifact->prints.empty())
    return by_prints(run, *artifact, step.within, wait);
  const auto& markers = run.role.profile().markers;
  const auto identity = std::find_if(markers.begin(), markers.end(), [&](const auto& m) {
    return !m.name.empty() && m.name == run.role.profile().identity;
  });
  if (identity == markers.end() || image == nullptr) {
    word.finding.observed = identity == markers.end()
                                ? "the board type names no line by which programs differ"
                                : "the artifact holds no image to compare with";
    return word;
  }
  return by_identity(run, *identity, step.artifact, *image, step.within, wait);
}

}  // namespace assay::executor
