#include "fake_image.hpp"

namespace assay::executor::test {

namespace {

constexpr std::string_view key = "build time: ";

void put(Bytes& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

}  // namespace

Bytes signed_image(images::McubootVersion version, const std::string& says) {
  Bytes payload;
  for (int i = 0; i < 1500; ++i)
    payload.push_back(static_cast<std::uint8_t>(i * 7 + version.major));
  const std::string line = std::string(key) + says;
  payload.insert(payload.begin() + 100, line.begin(), line.end());
  payload.insert(payload.begin() + 100 + static_cast<std::ptrdiff_t>(line.size()), 0);

  Bytes image;
  put(image, images::mcuboot_magic, 4);
  put(image, 0, 4);  // load address
  put(image, 0x20, 2);
  put(image, 0, 2);  // no protected TLVs
  put(image, payload.size(), 4);
  put(image, 0, 4);  // flags
  put(image, version.major, 1);
  put(image, version.minor, 1);
  put(image, version.revision, 2);
  put(image, version.build, 4);
  put(image, 0, 4);
  image.insert(image.end(), payload.begin(), payload.end());
  const auto hash = sha256(image);
  put(image, 0x6907, 2);
  put(image, 4 + 4 + hash.size(), 2);
  put(image, images::tlv::sha256, 2);
  put(image, hash.size(), 2);
  image.insert(image.end(), hash.begin(), hash.end());
  return image;
}

std::string says_of(ByteView image) {
  const auto text = as_text(image);
  const auto at = text.find(key);
  if (at == std::string_view::npos) return "";
  return std::string(text.substr(at + key.size()).data());
}

}  // namespace assay::executor::test
