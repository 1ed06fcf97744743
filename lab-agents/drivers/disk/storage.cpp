#include "drivers/disk/storage.hpp"

#include <algorithm>
#include <filesystem>

#include "base/file.hpp"
#include "base/text.hpp"

namespace assay::drivers {

namespace {

constexpr std::uint64_t longest_attribute = 4096;

// "1-1.4" is a device on USB, "1-1.4:1.0" an interface of it.
bool is_usb_port(std::string_view name) {
  const auto dash = name.find('-');
  return dash != std::string_view::npos && dash > 0 && dash + 1 < name.size() &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '-' || c == '.'; });
}

}  // namespace

std::string attribute(const std::string& folder, std::string_view name) {
  const auto text = read_text(std::filesystem::path(folder) / name, longest_attribute).value_or("");
  const auto end = text.find_last_not_of(" \n");
  return end == std::string::npos ? "" : printable(text.substr(0, end + 1));
}

Result<std::vector<Storage>> storage(std::string_view of_class) {
  std::vector<Storage> all;
  const std::filesystem::path list = fmt::format("/sys/class/{}", of_class);
  std::error_code error;
  for (std::filesystem::directory_iterator it(list, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code gone;
    const auto folder = std::filesystem::canonical(it->path(), gone);
    if (gone || std::filesystem::exists(folder / "partition", gone)) continue;
    Storage one{.name = it->path().filename(),
                .node = "/dev/" + it->path().filename().string(),
                .folder = folder,
                .port = "",
                .usb_id = "",
                .serial = "",
                .model = attribute(folder / "device", "model")};
    // Of several the innermost: hubs are devices, too.
    for (auto at = folder; at.has_relative_path(); at = at.parent_path()) {
      if (!is_usb_port(at.filename().string())) continue;
      one.port = at.filename();
      one.usb_id = attribute(at, "idVendor") + ":" + attribute(at, "idProduct");
      one.serial = attribute(at, "serial");
      break;
    }
    all.push_back(std::move(one));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Cause::io, "{}: {}", list.string(), error.message());
  std::sort(all.begin(), all.end(),
            [](const Storage& a, const Storage& b) { return a.name < b.name; });
  return all;
}

std::string about(const Storage& one) {
  std::string text = one.model;
  if (!one.port.empty()) text += fmt::format("{}at {}", text.empty() ? "" : " ", one.port);
  if (!one.serial.empty()) text += fmt::format("{}serial {}", text.empty() ? "" : ", ", one.serial);
  return text.empty() ? one.name : fmt::format("{} ({})", one.name, text);
}

}  // namespace assay::drivers
