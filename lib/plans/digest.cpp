// A canonical form of a JobSpec: JSON with sorted keys and every field, whole
// nanoseconds. Changing it changes every digest.
#include <nlohmann/json.hpp>

#include "base/bytes.hpp"
#include "plans/compile.hpp"

namespace assay::plans {
namespace {

using nlohmann::json;

json form(const Marker&);
json form(const Slot&);
json form(const Role&);
json form(const images::Derivation&);
json form(const Artifact&);
json form(const Step&);

json form(const Marker& marker) {
  json out = {{"name", marker.name}, {"pattern", marker.pattern}, {"after", marker.after}};
  if (marker.is) out["is"] = *marker.is;
  return out;
}

template <class T>
json list(const std::vector<T>& items) {
  json out = json::array();
  for (const T& item : items) out.push_back(form(item));
  return out;
}

json form(const Slot& slot) {
  return {{"name", slot.name},
          {"address", slot.address},
          {"size", slot.size},
          {"image_offset", slot.image_offset}};
}

// Without what is done to a board that is ill: it is no part of the job.
json form(const Profile& profile) {
  return {{"name", profile.name},
          {"abilities", profile.abilities},
          {"flash_base", profile.flash_base},
          {"flash_size", profile.flash_size},
          {"page_size", profile.page_size},
          {"erased", profile.erased},
          {"slots", list(profile.slots)},
          {"write_alignment", profile.write_alignment},
          {"markers", list(profile.markers)},
          {"identity", profile.identity},
          {"alive", profile.alive},
          {"deadline_factor", profile.deadline_factor},
          {"power_off_time", profile.power_off_time.count()},
          {"flash_needs_power", profile.flash_needs_power}};
}

json form(const Role& role) {
  return {{"name", role.name},
          {"needs", role.needs},
          {"board", role.board},
          {"profile", form(role.profile)}};
}

json form(const images::Derivation& derivation) {
  json out = {{"kind", static_cast<int>(derivation.kind)},
              {"region", static_cast<int>(derivation.region)},
              {"bit", derivation.bit}};
  if (derivation.offset) out["offset"] = *derivation.offset;
  if (derivation.keep_bytes) out["keep_bytes"] = *derivation.keep_bytes;
  if (derivation.keep_percent) out["keep_percent"] = *derivation.keep_percent;
  return out;
}

json form(const Artifact& artifact) {
  return {{"name", artifact.name},
          {"about", artifact.about},
          {"sha256", artifact.sha256},
          {"size", artifact.size},
          {"file_name", artifact.file_name},
          {"from", artifact.from},
          {"derivations", list(artifact.derivations)},
          {"prints", artifact.prints}};
}

struct ActionForm {
  json operator()(const Flash& a) const {
    json out = {{"artifact", a.artifact}, {"slot", a.slot}};
    // Left out, for the digest that such a step has always had.
    if (a.again) out["again"] = true;
    if (!a.map.empty()) out["map"] = a.map;
    if (a.within != Duration::zero()) out["within"] = a.within.count();
    return out;
  }
  json operator()(const Power& a) const { return {{"to", static_cast<int>(a.to)}}; }
  json operator()(const Reset&) const { return json::object(); }
  json operator()(const Expect& a) const {
    return {{"marker", form(a.marker)}, {"absent", a.absent}, {"within", a.within.count()}};
  }
  json operator()(const Update& a) const {
    return {{"artifact", a.artifact},
            {"until", static_cast<int>(a.until)},
            {"within", a.within.count()}};
  }
  json operator()(const Confirm& a) const { return {{"within", a.within.count()}}; }
  json operator()(const Erase& a) const { return {{"within", a.within.count()}}; }
  json operator()(const AssertRunning& a) const {
    json out = {{"artifact", a.artifact}, {"within", a.within.count()}};
    if (a.confirmed) out["confirmed"] = *a.confirmed;
    return out;
  }
  json operator()(const Hold& a) const { return {{"for", a.for_.count()}}; }
  json operator()(const CheckBoard&) const { return json::object(); }
};

json form(const Step& step) {
  return {{"id", step.id},
          {"role", step.role},
          {"text", step.text},
          {"place", step.place},
          {"verb", verb_of(step.action)},
          {"action", std::visit(ActionForm{}, step.action)}};
}

}  // namespace

std::string spec_digest(const JobSpec& spec) {
  const json all = {{"plan", spec.plan},
                    {"about", spec.about},
                    {"params", spec.params},
                    {"roles", list(spec.roles)},
                    {"artifacts", list(spec.artifacts)},
                    {"never", list(spec.never)},
                    {"steps", list(spec.steps)},
                    {"finally", list(spec.finally)},
                    {"leave_as_is", spec.leave_as_is},
                    {"deadline", spec.deadline.count()}};
  // File names need not be UTF-8: such bytes are replaced, not thrown at.
  return to_hex(sha256(as_bytes(all.dump(-1, ' ', true, json::error_handler_t::replace))));
}

}  // namespace assay::plans
