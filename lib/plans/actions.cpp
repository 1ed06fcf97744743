// What stands behind each verb.
#include <fmt/core.h>

#include <array>

#include "base/text.hpp"
#include "plans/profile.hpp"
#include "plans/steps.hpp"

namespace assay::plans {
namespace {

using namespace std::chrono_literals;

// How long a step may take that does not say so.
constexpr Duration update_time = 60s;
constexpr Duration confirm_time = 5s;
constexpr Duration erase_time = 15s;
constexpr Duration assert_time = 10s;

const std::array<std::string, 3> power_words = {"on", "off", "cycle"};
const std::array<std::string, 3> until_words = {"uploaded", "pending", "confirmed"};
const std::array<std::string, 1> via_words = {"smp"};

// `confirm:` and `confirm: { within: 5s }`.
Duration read_within(const Node& value, std::string_view what, Duration fallback, Reader& reader) {
  if (value.kind == Node::Kind::null) return fallback;
  Keys keys(reader, value, what);
  const Node* within = keys.find("within");
  keys.done();
  return within == nullptr ? fallback : reader.duration(*within).value_or(fallback);
}

}  // namespace

std::optional<std::string> StepReader::read_image(const Node* node, Reader& reader) {
  if (node == nullptr) return std::nullopt;
  const auto name = reader.text(*node, "an artifact's name");
  if (!name) return std::nullopt;
  std::vector<std::string> names;
  for (const PlanArtifact& artifact : plan_.artifacts) {
    if (artifact.name == *name) return name;
    names.push_back(artifact.name);
  }
  const std::string near = did_you_mean(*name, names);
  reader.wrong(node->place, fmt::format("no artifact '{}'{}", printable(*name),
                                        near.empty() ? ": declare it under 'artifacts'" : near));
  return std::nullopt;
}

// `flash: base`, or `flash: { image: base, slot: primary, again: true }`; of a disk
// `flash: { image: disk, bmap: blocks, within: 1h }`.
std::optional<Action> StepReader::read_flash(const Node& value, Reader& reader, ReadStep& step) {
  if (value.kind == Node::Kind::scalar) {
    const auto image = read_image(&value, reader);
    if (!image) return std::nullopt;
    return Flash{*image, "", false, "", {}};
  }
  Keys keys(reader, value, "'flash'");
  const auto image = read_image(keys.need("image"), reader);
  const Node* slot_node = keys.find("slot");
  const Node* again_node = keys.find("again");
  const Node* map_node = keys.find("bmap");
  const Node* within_node = keys.find("within");
  keys.done();
  std::optional<std::string> slot = "";
  std::optional<bool> again = false;
  if (slot_node != nullptr) {
    step.slot_place = slot_node->place;
    slot = reader.name(*slot_node, "-_.");
  }
  if (again_node != nullptr) again = reader.truth(*again_node);
  std::optional<std::string> map = "";
  if (map_node != nullptr) map = read_image(map_node, reader);
  std::optional<Duration> within = Duration::zero();
  if (within_node != nullptr) within = reader.duration(*within_node);
  if (!image || !slot || !again || !map || !within) return std::nullopt;
  return Flash{*image, *slot, *again, *map, *within};
}

std::optional<Action> StepReader::read_expect(const Node& value, Reader& reader, ReadStep& step) {
  Keys keys(reader, value, "'expect'");
  const Node* seen = keys.find("seen");
  const Node* absent = keys.find("absent");
  const Node* within = keys.find("within");
  const Node* span = keys.find("for");
  keys.done();
  if (value.kind != Node::Kind::map) return std::nullopt;
  if ((seen == nullptr) == (absent == nullptr)) {
    reader.wrong(value.place, "'expect' needs either 'seen' with 'within', or 'absent' with 'for'");
    return std::nullopt;
  }
  const Node* time = seen != nullptr ? within : span;
  const Node* other = seen != nullptr ? span : within;
  if (other != nullptr) {
    reader.wrong(other->place, seen != nullptr ? "'seen' takes 'within', not 'for'"
                                               : "'absent' takes 'for', not 'within'");
  }
  if (time == nullptr) {
    reader.wrong(value.place, seen != nullptr
                                  ? "'seen' needs 'within', how long to wait for it: within: 10s"
                                  : "'absent' needs 'for', how long to watch: for: 2s");
  }
  Expect expect;
  expect.absent = absent != nullptr;
  const Node& marker = expect.absent ? *absent : *seen;
  step.marker_place = marker.place;
  const auto text = reader.text(marker, "a marker or a regular expression");
  if (text && !looks_like_marker_name(*text)) {
    const std::string fault = pattern_fault(*text);
    if (!fault.empty()) {
      reader.wrong(marker.place, fault);
      return std::nullopt;
    }
  }
  const auto duration = time == nullptr ? std::nullopt : reader.duration(*time);
  if (!text || !duration) return std::nullopt;
  expect.marker.name = *text;
  expect.within = *duration;
  return expect;
}

std::optional<Action> StepReader::read_update(const Node& value, Reader& reader) {
  Update update;
  update.within = update_time;
  Keys keys(reader, value, "'update'");
  const auto image = read_image(keys.need("image"), reader);
  if (const Node* via = keys.find("via")) reader.one_of(*via, via_words);
  if (const Node* until = keys.find("until")) {
    const auto word = reader.one_of(*until, until_words);
    if (word == "uploaded") update.until = Update::Until::uploaded;
    if (word == "confirmed") update.until = Update::Until::confirmed;
  }
  if (const Node* within = keys.find("within")) {
    update.within = reader.duration(*within).value_or(update_time);
  }
  keys.done();
  if (!image) return std::nullopt;
  update.artifact = *image;
  return update;
}

std::optional<Action> StepReader::read_assert(const Node& value, Reader& reader) {
  AssertRunning assertion;
  assertion.within = assert_time;
  Keys keys(reader, value, "'assert'");
  const auto image = read_image(keys.need("running"), reader);
  if (const Node* confirmed = keys.find("confirmed"))
    assertion.confirmed = reader.truth(*confirmed);
  if (const Node* within = keys.find("within")) {
    assertion.within = reader.duration(*within).value_or(assert_time);
  }
  keys.done();
  if (!image) return std::nullopt;
  assertion.artifact = *image;
  return assertion;
}

std::optional<Action> StepReader::read_action(const std::string& verb, const Node& value,
                                              Reader& reader, ReadStep& step) {
  if (verb == "flash") {
    step.needs = {"flash"};
    return read_flash(value, reader, step);
  }
  if (verb == "power") {
    step.needs = {"power"};
    const auto word = reader.one_of(value, power_words);
    if (!word) return std::nullopt;
    return Power{*word == "on"    ? Power::To::on
                 : *word == "off" ? Power::To::off
                                  : Power::To::cycle};
  }
  if (verb == "reset") {
    step.needs = {"reset"};
    if (value.kind != Node::Kind::null) {
      reader.wrong(value.place, fmt::format("'reset' takes nothing, not {}", what_is(value)));
    }
    return Reset{};
  }
  if (verb == "check") {
    if (value.kind != Node::Kind::null) {
      reader.wrong(value.place, fmt::format("'check' takes nothing, not {}", what_is(value)));
    }
    return CheckBoard{};
  }
  if (verb == "expect") {
    step.needs = {"console"};
    return read_expect(value, reader, step);
  }
  if (verb == "update") {
    step.needs = {"ota.smp"};
    return read_update(value, reader);
  }
  if (verb == "confirm") {
    step.needs = {"ota.smp"};
    return Confirm{read_within(value, "'confirm'", confirm_time, reader)};
  }
  if (verb == "erase") {
    step.needs = {"ota.smp"};
    return Erase{read_within(value, "'erase'", erase_time, reader)};
  }
  if (verb == "assert") return read_assert(value, reader);
  Keys keys(reader, value, "'hold'");
  const Node* span = keys.need("for");
  keys.done();
  const auto duration = span == nullptr ? std::nullopt : reader.duration(*span);
  if (!duration) return std::nullopt;
  return Hold{*duration};
}

// "10 s", as the plan says it, where human() would say "10.0 s".
static std::string span(Duration duration) {
  std::string text = human(duration);
  if (text.ends_with(".0 s")) text.replace(text.size() - 4, 4, " s");
  return text;
}

std::string step_text(const Action& action) {
  struct Words {
    std::string operator()(const Flash& a) const {
      std::string text = "flash " + a.artifact;
      if (!a.slot.empty()) text += " into slot " + a.slot;
      if (!a.map.empty()) text += " by the block map " + a.map;
      return a.again ? text + ", also when it is there already" : text;
    }
    std::string operator()(const Power& a) const {
      return a.to == Power::To::on    ? "power on"
             : a.to == Power::To::off ? "power off"
                                      : "power cycle";
    }
    std::string operator()(const Reset&) const { return "reset"; }
    std::string operator()(const Expect& a) const {
      return a.absent ? fmt::format("expect no {} for {}", a.marker.name, span(a.within))
                      : fmt::format("expect {} within {}", a.marker.name, span(a.within));
    }
    std::string operator()(const Update& a) const {
      return fmt::format("send {} over SMP until {}, within {}", a.artifact,
                         until_words[static_cast<std::size_t>(a.until)], span(a.within));
    }
    std::string operator()(const Confirm&) const { return "confirm the running image"; }
    std::string operator()(const Erase&) const { return "erase the secondary slot"; }
    std::string operator()(const AssertRunning& a) const {
      std::string text = fmt::format("assert that {} runs", a.artifact);
      if (a.confirmed) text += *a.confirmed ? ", confirmed" : ", not confirmed";
      return text;
    }
    std::string operator()(const Hold& a) const { return "hold for " + span(a.for_); }
    std::string operator()(const CheckBoard&) const { return "check every ability of the board"; }
  };
  return printable(std::visit(Words{}, action));
}

}  // namespace assay::plans
