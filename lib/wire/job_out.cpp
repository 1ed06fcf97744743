#include <assay/v1/job.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "wire/job.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::wire {

namespace {

// A string that must not change, only be what proto can hold.
std::string whole(const std::string& text) {
  return wire_text(text, max_message);
}

void write(const plans::Marker& in, v1::Marker* out) {
  out->set_name(whole(in.name));
  out->set_pattern(whole(in.pattern));
  out->set_after(whole(in.after));
  if (in.is) out->set_is(whole(*in.is));
}

void write(const plans::Profile& in, v1::Profile* out) {
  out->set_name(whole(in.name));
  for (const auto& ability : in.abilities) out->add_abilities(whole(ability));
  out->set_flash_base(in.flash_base);
  out->set_flash_size(in.flash_size);
  out->set_page_size(in.page_size);
  out->set_erased(in.erased);
  for (const auto& slot : in.slots) {
    auto* s = out->add_slots();
    s->set_name(whole(slot.name));
    s->set_address(slot.address);
    s->set_size(slot.size);
    s->set_image_offset(slot.image_offset);
  }
  out->set_write_alignment(in.write_alignment);
  for (const auto& marker : in.markers) write(marker, out->add_markers());
  out->set_identity(whole(in.identity));
  out->set_alive(whole(in.alive));
  out->set_deadline_factor(in.deadline_factor);
  to_proto(in.power_off_time, out->mutable_power_off_time());
  out->set_flash_needs_power(in.flash_needs_power);
  for (const plans::Rung rung : in.recovery)
    out->add_recovery(static_cast<v1::Rung>(static_cast<int>(rung) + 1));
}

void write(const plans::Role& in, v1::Role* out) {
  out->set_name(whole(in.name));
  for (const auto& need : in.needs) out->add_needs(whole(need));
  out->set_board(whole(in.board));
  write(in.profile, out->mutable_profile());
}

void write(const images::Derivation& in, v1::Derivation* out) {
  using Kind = images::Derivation::Kind;
  using Region = images::Derivation::Region;
  out->set_kind(in.kind == Kind::flip       ? "flip"
                : in.kind == Kind::truncate ? "truncate"
                                            : "foreign-key");
  if (in.kind == Kind::flip) {
    out->set_part(in.region == Region::header ? "header"
                  : in.region == Region::tlv  ? "tlv"
                                              : "payload");
    if (in.offset) out->set_offset(*in.offset);
    out->set_bit(in.bit);
  }
  if (in.kind == Kind::truncate) {
    if (in.keep_bytes) out->set_keep_bytes(*in.keep_bytes);
    if (in.keep_percent) out->set_keep_percent(*in.keep_percent);
  }
}

void write(const plans::Artifact& in, v1::Artifact* out) {
  out->set_name(whole(in.name));
  out->set_about(whole(in.about));
  out->set_sha256(whole(in.sha256));
  out->set_size(in.size);
  out->set_file_name(whole(in.file_name));
  out->set_from(whole(in.from));
  for (const auto& derivation : in.derivations) write(derivation, out->add_derivations());
  out->set_prints(whole(in.prints));
}

struct ActionWriter {
  v1::Step* out;

  void operator()(const plans::Flash& in) const {
    out->mutable_flash()->set_artifact(whole(in.artifact));
    out->mutable_flash()->set_slot(whole(in.slot));
    out->mutable_flash()->set_again(in.again);
    out->mutable_flash()->set_map(whole(in.map));
    if (in.within != Duration::zero()) to_proto(in.within, out->mutable_flash()->mutable_within());
  }
  void operator()(const plans::Power& in) const {
    using To = plans::Power::To;
    out->mutable_power()->set_to(in.to == To::on ? "on" : in.to == To::off ? "off" : "cycle");
  }
  void operator()(const plans::Reset&) const { out->mutable_reset(); }
  void operator()(const plans::Expect& in) const {
    write(in.marker, out->mutable_expect()->mutable_marker());
    out->mutable_expect()->set_absent(in.absent);
    to_proto(in.within, out->mutable_expect()->mutable_within());
  }
  void operator()(const plans::Update& in) const {
    using Until = plans::Update::Until;
    out->mutable_update()->set_artifact(whole(in.artifact));
    out->mutable_update()->set_until(in.until == Until::uploaded  ? "uploaded"
                                     : in.until == Until::pending ? "pending"
                                                                  : "confirmed");
    to_proto(in.within, out->mutable_update()->mutable_within());
  }
  void operator()(const plans::Confirm& in) const {
    to_proto(in.within, out->mutable_confirm()->mutable_within());
  }
  void operator()(const plans::Erase& in) const {
    to_proto(in.within, out->mutable_erase()->mutable_within());
  }
  void operator()(const plans::AssertRunning& in) const {
    out->mutable_assert_running()->set_artifact(whole(in.artifact));
    if (in.confirmed) out->mutable_assert_running()->set_confirmed(*in.confirmed);
    to_proto(in.within, out->mutable_assert_running()->mutable_within());
  }
  void operator()(const plans::CheckBoard&) const { out->mutable_check_board(); }
  void operator()(const plans::Hold& in) const {
    to_proto(in.for_, out->mutable_hold()->mutable_for_());
  }
};

void write(const plans::Step& in, v1::Step* out) {
  out->set_id(whole(in.id));
  out->set_role(whole(in.role));
  out->set_text(wire_text(in.text, max_text));
  out->set_place(wire_text(in.place, max_text));
  std::visit(ActionWriter{out}, in.action);
}

}  // namespace

void to_proto(const plans::JobSpec& in, v1::JobSpec* out) {
  out->set_plan(whole(in.plan));
  out->set_about(wire_text(in.about, max_text));
  for (const auto& [name, value] : in.params) (*out->mutable_params())[whole(name)] = whole(value);
  for (const auto& role : in.roles) write(role, out->add_roles());
  for (const auto& artifact : in.artifacts) write(artifact, out->add_artifacts());
  for (const auto& marker : in.never) write(marker, out->add_never());
  for (const auto& step : in.steps) write(step, out->add_steps());
  for (const auto& step : in.finally) write(step, out->add_finally());
  out->set_leave_as_is(in.leave_as_is);
  to_proto(in.deadline, out->mutable_deadline());
}

std::string encode(const plans::JobSpec& spec) {
  v1::JobSpec message;
  to_proto(spec, &message);
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);  // maps in the order of their keys
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace assay::wire
