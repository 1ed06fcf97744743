#include "base/little_endian.hpp"
#include "base/text.hpp"
#include "images/describe.hpp"

namespace assay::images {
namespace {

constexpr std::size_t shown_bytes = 32;  // of a TLV's value

template <class... Args>
void line(std::string& text, int depth, std::string_view label, fmt::format_string<Args...> format,
          Args&&... args) {
  text += fmt::format("{:{}}{:<{}}{}\n", "", depth * 2, label, 16 - depth * 2,
                      fmt::format(format, std::forward<Args>(args)...));
}

// What a value says beyond its bytes.
std::string meaning(const McubootTlv& entry) {
  const ByteView value = entry.value;
  if (entry.type == 0x50 && value.size() == 4) {
    return fmt::format("  (counter {})", u32_at(value, 0));
  }
  if (entry.type == 0x40 && value.size() == 12) {
    const McubootVersion least{value[4], value[5], u16_at(value, 6), u32_at(value, 8)};
    return fmt::format("  (image {} at least {})", value[0], to_string(least));
  }
  return "";
}

void add_header(std::string& text, const McubootHeader& header) {
  const auto flags = flag_names(header.flags);
  line(text, 1, "version", "{}", to_string(header.version));
  line(text, 1, "header", "{} bytes, load address 0x{:08x}, flags {}", header.header_size,
       header.load_address, flags.empty() ? "none" : join(flags));
}

void add_image(std::string& text, const McubootImage& image) {
  add_header(text, image.header);
  line(text, 1, "payload", "{} bytes from 0x{:x} to 0x{:x}", image.payload.size,
       image.payload.offset, image.payload.end());
  line(text, 1, "image", "{} bytes with its TLVs", image.size);
  line(text, 1, "hash", "{}", hash_words(image));
  if (!image.stored_hash.empty()) line(text, 2, "stored", "{}", to_hex(image.stored_hash));
  if (!image.computed_hash.empty()) line(text, 2, "computed", "{}", to_hex(image.computed_hash));
  line(text, 1, "signature", "{}", signature_words(image));
  if (const McubootTlv* key = image.find(tlv::key_hash)) {
    line(text, 1, "key hash", "{}", to_hex(key->value));
  }
  for (const McubootTlv& entry : image.entries) {
    line(text, 1, entry.is_protected ? "protected TLV" : "TLV", "0x{:06x}  {:<16} {:>4} bytes  {}",
         entry.offset, tlv::name(entry.type), entry.value.size(), value_words(entry));
  }
}

void add_trailer(std::string& text, const SlotTrailer& trailer) {
  line(text, 1, "trailer", "magic {}, swap type {}, copy_done {}, image_ok {}{}",
       to_string(trailer.magic), to_string(trailer.swap_type), to_string(trailer.copy_done),
       to_string(trailer.image_ok),
       trailer.swap_size ? fmt::format(", swap size {}", *trailer.swap_size) : "");
}

}  // namespace

std::string hash_words(const McubootImage& image) {
  switch (image.hash_state) {
    case HashState::verified:
      return tlv::name(image.hash_type) + " verified";
    case HashState::mismatch:
      return tlv::name(image.hash_type) + " does not match: MCUboot refuses this image";
    case HashState::encrypted:
      return tlv::name(image.hash_type) + " not checked: it covers the plain text";
    case HashState::missing:
      break;
  }
  if (image.find(tlv::sig_pure) != nullptr) return "none: signed as a whole (SIG_PURE)";
  return "none: MCUboot refuses this image";
}

std::string signature_words(const McubootImage& image) {
  std::string text;
  for (const McubootTlv& entry : image.entries) {
    if (!tlv::is_signature(entry.type)) continue;
    text += (text.empty() ? "" : ", ") + tlv::name(entry.type);
  }
  return text.empty() ? "none: only the hash protects it" : text;
}

std::string value_words(const McubootTlv& entry) {
  const ByteView value = entry.value;
  if (value.size() > shown_bytes) return to_hex(value.first(shown_bytes)) + "...";
  return to_hex(value) + meaning(entry);
}

std::string describe_text(const Description& description) {
  std::string text = fmt::format("{}: {}, {} bytes, SHA-256 {}\n", description.name,
                                 to_string(description.container), description.file_size,
                                 to_hex(description.file_sha256));
  if (description.container != Container::raw) {
    for (const ByteRange& range : description.ranges) {
      line(text, 1, "fills", "0x{:08x} to 0x{:08x} ({} bytes)", range.offset, range.end(),
           range.size);
    }
  }
  for (const DescribedImage& found : description.images) {
    text += '\n';
    const std::string where = found.place.empty() ? "" : found.place + ": ";
    if (found.image) {
      text += fmt::format("{}MCUboot image {} at 0x{:08x}\n", where,
                          to_string(found.image->header.version), found.address);
      add_image(text, *found.image);
    } else {
      text += fmt::format("{}at 0x{:08x}: {}\n", where, found.address, found.problem);
      if (found.header) add_header(text, *found.header);
    }
    if (found.trailer) add_trailer(text, *found.trailer);
  }
  return text;
}

}  // namespace assay::images
