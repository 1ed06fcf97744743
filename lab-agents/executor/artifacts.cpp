#include "executor/artifacts.hpp"

#include <algorithm>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "images/derive.hpp"
#include "images/load.hpp"

namespace assay::executor {

const plans::Artifact* Artifacts::find(std::string_view name) const {
  const auto found = std::find_if(spec_.artifacts.begin(), spec_.artifacts.end(),
                                  [&](const auto& artifact) { return artifact.name == name; });
  return found == spec_.artifacts.end() ? nullptr : &*found;
}

Result<std::filesystem::path> Artifacts::file(const std::string& name) {
  if (const auto known = files_.find(name); known != files_.end()) return known->second;
  const auto* artifact = find(name);
  if (artifact == nullptr) return fail(Cause::not_found, "the job has no artifact '{}'", name);
  if (artifact->from.empty()) {
    return fail(Cause::not_found, "the file of artifact '{}' did not come with the job", name);
  }
  Bytes made = TRY(bytes(artifact->from));
  for (const auto& derivation : artifact->derivations) {
    auto next = images::derive(made, derivation);
    if (!next) return tl::unexpected(next.error().in("artifact '" + name + "'"));
    made = *std::move(next);
  }
  const auto path = scratch_ / (name + ".derived");
  TRY(make_folders(scratch_));
  TRY(write_file(path, made));
  files_.emplace(name, path);
  return path;
}

// "" when there is none that a file could have. A derived one is called after
// itself, but is of the kind that it was made from.
std::filesystem::path Artifacts::users_name(const std::string& name) const {
  const auto* artifact = find(name);
  const auto* given = find(root(name));
  if (artifact == nullptr || given == nullptr) return {};
  const auto file = std::filesystem::path(given->file_name).filename();
  if (file == "." || file == ".." || file.native().find('\0') != std::string::npos) return {};
  return artifact->from.empty() ? file : std::filesystem::path(name + file.extension().string());
}

Result<std::filesystem::path> Artifacts::file_for_tools(const std::string& name) {
  const auto path = TRY(file(name));
  const auto known_as = users_name(name);
  if (known_as.empty()) return path;
  const auto link = scratch_ / "for-tools" / name / known_as;
  TRY(make_folders(link.parent_path()));
  std::error_code error;
  std::filesystem::remove(link, error);
  std::filesystem::create_symlink(std::filesystem::absolute(path), link, error);
  return error ? path : link;  // a name too long, say
}

Result<Bytes> Artifacts::bytes(const std::string& name) {
  return read_file(TRY(file(name)), max_decoded_bytes);
}

ByteView Artifacts::Image::hashed() const {
  const auto end = std::max(facts.payload.end(), facts.protected_tlvs.end());
  return ByteView(bytes).first(std::min<std::size_t>(bytes.size(), end));
}

Result<Artifacts::Image> Artifacts::image(const std::string& name, const plans::Profile& profile) {
  Bytes content = TRY(bytes(name));
  if (!images::parse_mcuboot_header(content)) {
    const auto primary = std::find_if(profile.slots.begin(), profile.slots.end(),
                                      [](const auto& slot) { return slot.name == "primary"; });
    if (primary == profile.slots.end()) {
      return fail(Cause::invalid, "board type '{}' names no primary slot", profile.name);
    }
    const auto label = find(name) == nullptr ? name : find(name)->file_name;
    const auto all = TRY(images::parse(content, label.empty() ? name : label, profile.flash_base));
    images::Segments inside;
    const auto begin = primary->address, end = primary->address + primary->size;
    for (const auto& segment : all.all) {
      const auto from = std::max(begin, segment.address), to = std::min(end, segment.end());
      if (from >= to) continue;
      const auto first =
          segment.bytes.begin() + static_cast<std::ptrdiff_t>(from - segment.address);
      inside.all.push_back({from, Bytes(first, first + static_cast<std::ptrdiff_t>(to - from))});
    }
    content = TRY(inside.flatten(primary->address, primary->size, profile.erased));
  }
  auto facts = images::parse_mcuboot(content);
  if (!facts) return tl::unexpected(facts.error().in("artifact '" + name + "'"));
  content.resize(std::min<std::size_t>(content.size(), facts->size));
  return Image{std::move(content), *std::move(facts)};
}

std::string Artifacts::root(std::string name) const {
  // Bounded by the number of artifacts, should they ever form a circle.
  for (std::size_t i = 0; i < spec_.artifacts.size(); ++i) {
    const auto* artifact = find(name);
    if (artifact == nullptr || artifact->from.empty()) break;
    name = artifact->from;
  }
  return name;
}

bool Artifacts::related(const std::string& a, const std::string& b) const {
  return root(a) == root(b);
}

}  // namespace assay::executor
