#include "reports/artifact_facts.hpp"

#include <fmt/core.h>

#include "base/text.hpp"
#include "images/describe.hpp"
#include "images/load.hpp"
#include "images/segments.hpp"
#include "wire/scalar.hpp"

namespace assay::reports {

namespace {

constexpr int max_facts = 200;
constexpr std::size_t max_value = 400;  // bytes

class Facts {
 public:
  explicit Facts(v1::ArtifactInfo* out) : out_(out) {}

  // Before the name of what follows: which of several images it is.
  void of(std::string place) { place_ = std::move(place); }
  void add(std::string_view name, std::string_view value) {
    if (out_->facts_size() >= max_facts) return;
    v1::ArtifactFact* fact = out_->add_facts();
    fact->set_name(place_ + std::string(name));
    fact->set_value(wire::wire_text(value, max_value));
  }

 private:
  v1::ArtifactInfo* out_;
  std::string place_;
};

void add(const images::McubootHeader& header, Facts& facts) {
  const auto flags = images::flag_names(header.flags);
  facts.add("version", images::to_string(header.version));
  facts.add("header", fmt::format("{} bytes", header.header_size));
  facts.add("load address", fmt::format("0x{:08x}", header.load_address));
  facts.add("flags", flags.empty() ? "none" : join(flags));
}

void add(const images::McubootImage& image, Facts& facts) {
  add(image.header, facts);
  facts.add("payload", fmt::format("{} bytes", image.payload.size));
  facts.add("image", fmt::format("{} bytes with its TLVs", image.size));
  facts.add("hash", images::hash_words(image));
  if (!image.stored_hash.empty()) facts.add("stored hash", to_hex(image.stored_hash));
  if (image.hash_state == images::HashState::mismatch)
    facts.add("computed hash", to_hex(image.computed_hash));
  facts.add("signature", images::signature_words(image));
  for (const images::McubootTlv& entry : image.entries) {
    if (images::tlv::is_hash(entry.type)) continue;  // above
    facts.add(fmt::format("{}TLV {}", entry.is_protected ? "protected " : "",
                          images::tlv::name(entry.type)),
              fmt::format("{} bytes: {}", entry.value.size(), images::value_words(entry)));
  }
}

void add(const images::DescribedImage& found, Facts& facts) {
  if (found.image) {
    add(*found.image, facts);
  } else {
    facts.add("problem", printable(found.problem));
    if (found.header) add(*found.header, facts);
  }
  if (!found.trailer) return;
  facts.add("trailer", fmt::format("magic {}, swap type {}, copy_done {}, image_ok {}",
                                   images::to_string(found.trailer->magic),
                                   images::to_string(found.trailer->swap_type),
                                   images::to_string(found.trailer->copy_done),
                                   images::to_string(found.trailer->image_ok)));
}

void add_range(std::uint64_t from, std::uint64_t to, Facts& facts) {
  facts.add("fills", fmt::format("0x{:08x} to 0x{:08x} ({} bytes)", from, to, to - from));
}

}  // namespace

void fill(const std::string& sha256, ByteView content, v1::ArtifactInfo* out) {
  out->set_sha256(sha256);
  out->set_size(content.size());
  // What other bytes are says nothing of those that were tested.
  if (const std::string now = to_hex(assay::sha256(content)); now != sha256) {
    out->set_problem(fmt::format(
        "damaged where it is kept: its {} bytes now have the SHA-256 {}; remove it there and "
        "upload it again",
        content.size(), now));
    return;
  }
  const images::Container container = images::detect(content, "");
  const bool is_raw = container == images::Container::raw;
  out->set_format(container == images::Container::intel_hex ? "intel-hex" : is_raw ? "raw" : "elf");
  Facts facts(out);
  const std::string name = sha256.substr(0, 8);
  const auto described = images::describe(content, name);
  if (described) {
    if (is_raw) out->set_format("mcuboot");
    for (const images::ByteRange& range : described->ranges)
      if (!is_raw) add_range(range.offset, range.end(), facts);
    for (const images::DescribedImage& found : described->images) {
      if (described->images.size() > 1) facts.of(fmt::format("0x{:08x} ", found.address));
      add(found, facts);
    }
    return;
  }
  // A program, but no image of MCUboot's: that is no problem.
  const auto parsed = images::parse(content, name, 0);
  if (parsed && !is_raw) {
    for (const images::Segment& one : parsed->all) add_range(one.address, one.end(), facts);
  } else {
    out->set_problem(wire::wire_text(printable(described.error().text), max_value));
  }
}

}  // namespace assay::reports
