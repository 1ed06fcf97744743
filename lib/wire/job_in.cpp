#include <assay/v1/job.pb.h>

#include <cmath>
#include <set>

#include "wire/job.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::wire {

namespace {

Result<std::vector<std::string>> read_words(
    std::string_view what, const google::protobuf::RepeatedPtrField<std::string>& in) {
  TRY(check_count(what, static_cast<std::size_t>(in.size()), max_abilities));
  for (const auto& word : in) TRY(check_text(what, word, max_name));
  return std::vector<std::string>(in.begin(), in.end());
}

Result<plans::Marker> read(const v1::Marker& in) {
  TRY(check_text("marker.name", in.name(), max_text));
  TRY(check_text("marker.pattern", in.pattern(), max_text));
  TRY(check_text("marker.after", in.after(), max_text));
  TRY(check_text("marker.is", in.is(), max_text));
  return plans::Marker{in.name(), in.pattern(), in.after(),
                       in.has_is() ? std::optional(in.is()) : std::nullopt};
}

Result<plans::Profile> read(const v1::Profile& in) {
  plans::Profile out;
  TRY(check_text("profile.name", in.name(), max_name));
  TRY(check_text("profile.identity", in.identity(), max_text));
  TRY(check_text("profile.alive", in.alive(), max_text));
  TRY(check_count("profile.slots", static_cast<std::size_t>(in.slots_size()), max_slots));
  TRY(check_count("profile.markers", static_cast<std::size_t>(in.markers_size()), max_markers));
  if (in.erased() > 255)
    return fail(Cause::invalid, "profile.erased: {}, at most 255", in.erased());
  const double factor = in.deadline_factor();
  if (!(factor >= 0.1 && factor <= 100)) {
    return fail(Cause::invalid, "profile.deadline_factor: {}, from 0.1 to 100", factor);
  }
  if (in.flash_base() + in.flash_size() < in.flash_base()) {
    return fail(Cause::invalid,
                "profile.flash_size: {} bytes from {:#x} on end past the last address",
                in.flash_size(), in.flash_base());
  }
  out.name = in.name();
  out.abilities = TRY(read_words("profile.abilities", in.abilities()));
  out.flash_base = in.flash_base();
  out.flash_size = in.flash_size();
  out.page_size = in.page_size();
  out.erased = static_cast<std::uint8_t>(in.erased());
  for (const v1::Slot& slot : in.slots()) {
    TRY(check_text("profile.slots.name", slot.name(), max_name));
    if (slot.address() + slot.size() < slot.address() || slot.image_offset() > slot.size()) {
      return fail(Cause::invalid,
                  "profile.slots: '{}' ends past the last address, or its image does", slot.name());
    }
    out.slots.push_back({slot.name(), slot.address(), slot.size(), slot.image_offset()});
  }
  out.write_alignment = in.write_alignment();
  for (const v1::Marker& marker : in.markers()) out.markers.push_back(TRY(read(marker)));
  out.identity = in.identity();
  out.alive = in.alive();
  out.deadline_factor = factor;
  out.flash_needs_power = in.flash_needs_power();
  for (const int rung : in.recovery()) {
    const bool known = rung > v1::RUNG_UNSPECIFIED && rung <= v1::RUNG_GOLDEN;
    if (known && out.recovery.size() < max_rungs)
      out.recovery.push_back(static_cast<plans::Rung>(rung - 1));
  }
  out.power_off_time = TRY(from_proto("profile.power_off_time", in.power_off_time()));
  return out;
}

Result<plans::Role> read(const v1::Role& in) {
  TRY(check_text("role.name", in.name(), max_name));
  TRY(check_text("role.board", in.board(), max_name));
  plans::Role out{in.name(), {}, in.board(), {}};
  out.needs = TRY(read_words("role.needs", in.needs()));
  out.profile = TRY(read(in.profile()));
  return out;
}

Result<images::Derivation> read(const v1::Derivation& in) {
  using Kind = images::Derivation::Kind;
  using Region = images::Derivation::Region;
  images::Derivation out;
  if (in.kind() == "flip") {
    out.kind = Kind::flip;
    if (in.part() == "payload") {
      out.region = Region::payload;
    } else if (in.part() == "header") {
      out.region = Region::header;
    } else if (in.part() == "tlv") {
      out.region = Region::tlv;
    } else {
      return fail(Cause::invalid, "derivation.part: '{}' is none of payload, header, tlv",
                  wire_text(in.part(), max_name));
    }
    if (in.has_offset()) out.offset = in.offset();
    if (in.bit() > 7) return fail(Cause::invalid, "derivation.bit: {}, at most 7", in.bit());
    out.bit = static_cast<std::uint8_t>(in.bit());
  } else if (in.kind() == "truncate") {
    out.kind = Kind::truncate;
    if (in.has_keep_bytes()) out.keep_bytes = in.keep_bytes();
    if (in.keep_percent() > 99) {
      return fail(Cause::invalid, "derivation.keep_percent: {}, at most 99", in.keep_percent());
    }
    if (in.has_keep_percent()) out.keep_percent = static_cast<std::uint8_t>(in.keep_percent());
  } else if (in.kind() == "foreign-key") {
    out.kind = Kind::foreign_key;
  } else {
    return fail(Cause::invalid, "derivation.kind: '{}' is none of flip, truncate, foreign-key",
                wire_text(in.kind(), max_name));
  }
  return out;
}

Result<plans::Artifact> read(const v1::Artifact& in) {
  TRY(check_text("artifact.name", in.name(), max_name));
  TRY(check_text("artifact.about", in.about(), max_text));
  TRY(check_text("artifact.file_name", in.file_name(), max_word));
  TRY(check_text("artifact.from", in.from(), max_name));
  TRY(check_text("artifact.prints", in.prints(), max_text));
  TRY(check_count("artifact.derivations", static_cast<std::size_t>(in.derivations_size()),
                  max_derivations));
  // It names a file on the agent's disk.
  if (in.from().empty() ? !is_sha256_hex(in.sha256()) : !in.sha256().empty()) {
    return fail(Cause::invalid,
                "artifact.sha256: '{}' of '{}' is not 64 lower-case hexadecimal digits",
                wire_text(in.sha256(), max_word), in.name());
  }
  plans::Artifact out{in.name(),      in.about(), in.sha256(), in.size(),
                      in.file_name(), in.from(),  {},          in.prints()};
  for (const v1::Derivation& d : in.derivations()) out.derivations.push_back(TRY(read(d)));
  return out;
}

Result<plans::Action> read(const v1::Step::Power& in) {
  if (in.to() == "on") return plans::Power{plans::Power::To::on};
  if (in.to() == "off") return plans::Power{plans::Power::To::off};
  if (in.to() == "cycle") return plans::Power{plans::Power::To::cycle};
  return fail(Cause::invalid, "power.to: '{}' is none of on, off, cycle",
              wire_text(in.to(), max_name));
}

Result<plans::Action> read(const v1::Step::Update& in) {
  plans::Update out;
  out.artifact = in.artifact();
  if (in.until() == "uploaded") {
    out.until = plans::Update::Until::uploaded;
  } else if (in.until() == "pending") {
    out.until = plans::Update::Until::pending;
  } else if (in.until() == "confirmed") {
    out.until = plans::Update::Until::confirmed;
  } else {
    return fail(Cause::invalid, "update.until: '{}' is none of uploaded, pending, confirmed",
                wire_text(in.until(), max_name));
  }
  out.within = TRY(from_proto("update.within", in.within()));
  return out;
}

Result<plans::Action> read_action(const v1::Step& in) {
  switch (in.action_case()) {
    case v1::Step::kFlash:
      TRY(check_text("flash.slot", in.flash().slot(), max_name));
      TRY(check_text("flash.map", in.flash().map(), max_name));
      return plans::Flash{in.flash().artifact(), in.flash().slot(), in.flash().again(),
                          in.flash().map(), TRY(from_proto("flash.within", in.flash().within()))};
    case v1::Step::kPower:
      return read(in.power());
    case v1::Step::kReset:
      return plans::Reset{};
    case v1::Step::kExpect: {
      auto marker = TRY(read(in.expect().marker()));
      const Duration within = TRY(from_proto("expect.within", in.expect().within()));
      return plans::Expect{std::move(marker), in.expect().absent(), within};
    }
    case v1::Step::kUpdate:
      return read(in.update());
    case v1::Step::kConfirm:
      return plans::Confirm{TRY(from_proto("confirm.within", in.confirm().within()))};
    case v1::Step::kErase:
      return plans::Erase{TRY(from_proto("erase.within", in.erase().within()))};
    case v1::Step::kAssertRunning: {
      const auto& m = in.assert_running();
      const Duration within = TRY(from_proto("assert_running.within", m.within()));
      return plans::AssertRunning{
          m.artifact(), m.has_confirmed() ? std::optional(m.confirmed()) : std::nullopt, within};
    }
    case v1::Step::kHold:
      return plans::Hold{TRY(from_proto("hold.for", in.hold().for_()))};
    case v1::Step::kCheckBoard:
      return plans::CheckBoard{};
    case v1::Step::ACTION_NOT_SET:
      break;
  }
  return fail(Cause::invalid, "no action that protocol {} knows", protocol_version);
}

struct Names {
  std::set<std::string> roles, artifacts;
};

std::string artifact_of(const plans::Action& action) {
  if (const auto* a = std::get_if<plans::Flash>(&action)) return a->artifact;
  if (const auto* a = std::get_if<plans::Update>(&action)) return a->artifact;
  if (const auto* a = std::get_if<plans::AssertRunning>(&action)) return a->artifact;
  return "";
}

Result<plans::Step> read(const v1::Step& in, const Names& names) {
  TRY(check_text("id", in.id(), max_word));
  TRY(check_text("text", in.text(), max_text));
  TRY(check_text("place", in.place(), max_text));
  auto action = TRY(read_action(in));
  if (!names.roles.contains(in.role())) {
    return fail(Cause::invalid, "role: there is none called '{}'", wire_text(in.role(), max_name));
  }
  const bool names_one = std::holds_alternative<plans::Flash>(action) ||
                         std::holds_alternative<plans::Update>(action) ||
                         std::holds_alternative<plans::AssertRunning>(action);
  if (names_one && !names.artifacts.contains(artifact_of(action))) {
    return fail(Cause::invalid, "artifact: there is none called '{}'",
                wire_text(artifact_of(action), max_name));
  }
  const auto* flash = std::get_if<plans::Flash>(&action);
  if (flash != nullptr && !flash->map.empty() && !names.artifacts.contains(flash->map)) {
    return fail(Cause::invalid, "flash.map: there is no artifact called '{}'",
                wire_text(flash->map, max_name));
  }
  return plans::Step{in.id(), in.role(), in.text(), in.place(), std::move(action)};
}

Result<Names> read_names(plans::JobSpec& out, const v1::JobSpec& in) {
  Names names;
  for (const v1::Role& role : in.roles()) {
    out.roles.push_back(TRY(read(role)));
    if (!names.roles.insert(role.name()).second) {
      return fail(Cause::invalid, "roles: '{}' is there twice", role.name());
    }
  }
  for (const v1::Artifact& artifact : in.artifacts()) {
    out.artifacts.push_back(TRY(read(artifact)));
    if (!names.artifacts.insert(artifact.name()).second) {
      return fail(Cause::invalid, "artifacts: '{}' is there twice", artifact.name());
    }
  }
  for (const auto& artifact : out.artifacts) {
    if (!artifact.from.empty() && !names.artifacts.contains(artifact.from)) {
      return fail(Cause::invalid, "artifact.from: '{}' is derived from '{}', which is not there",
                  artifact.name, artifact.from);
    }
  }
  return names;
}

Result<plans::JobSpec> read_job(const v1::JobSpec& in) {
  plans::JobSpec out;
  TRY(check_text("plan", in.plan(), max_word));
  TRY(check_text("about", in.about(), max_text));
  TRY(check_count("params", in.params().size(), max_params));
  TRY(check_count("roles", static_cast<std::size_t>(in.roles_size()), max_roles));
  TRY(check_count("artifacts", static_cast<std::size_t>(in.artifacts_size()), max_artifacts));
  TRY(check_count("never", static_cast<std::size_t>(in.never_size()), max_markers));
  TRY(check_count("steps", static_cast<std::size_t>(in.steps_size() + in.finally_size()),
                  max_steps));
  out.plan = in.plan();
  out.about = in.about();
  for (const auto& [name, value] : in.params()) {
    TRY(check_text("params", name, max_name));
    TRY(check_text("params", value, max_text));
    out.params[name] = value;
  }
  const Names names = TRY(read_names(out, in));
  for (const v1::Marker& marker : in.never()) out.never.push_back(TRY(read(marker)));
  for (const v1::Step& step : in.steps()) {
    auto read_step = read(step, names);
    if (!read_step)
      return tl::unexpected(read_step.error().in(fmt::format("step {}", out.steps.size())));
    out.steps.push_back(std::move(*read_step));
  }
  for (const v1::Step& step : in.finally()) {
    auto read_step = read(step, names);
    if (!read_step)
      return tl::unexpected(read_step.error().in(fmt::format("finally {}", out.finally.size())));
    out.finally.push_back(std::move(*read_step));
  }
  out.leave_as_is = in.leave_as_is();
  out.deadline = TRY(from_proto("deadline", in.deadline()));
  return out;
}

}  // namespace

Result<plans::JobSpec> from_proto(const v1::JobSpec& in) {
  auto job = read_job(in);
  if (!job) return tl::unexpected(job.error().in("job"));
  return job;
}

Result<plans::JobSpec> decode_job(ByteView bytes) {
  v1::JobSpec message;
  if (bytes.size() > max_job_spec ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Cause::invalid, "{} bytes are not a job", bytes.size());
  }
  return from_proto(message);
}

}  // namespace assay::wire
