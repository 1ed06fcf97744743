#include "virtual/flash_store.hpp"

namespace assay::virt {

namespace {
constexpr const char* flash_name = "flash.bin";
constexpr const char* mark_name = "running";
}  // namespace

Result<FlashStore> FlashStore::open(const std::filesystem::path& folder, std::size_t size) {
  TRY(make_folders(folder));
  auto lock = TRY(FolderLock::take(folder, "this board's flash"));
  return FlashStore(folder, size, std::move(lock));
}

bool FlashStore::known() const {
  std::error_code error;
  return !std::filesystem::exists(folder_ / mark_name, error);
}

Result<Bytes> FlashStore::load() const {
  if (!known()) {
    return fail(Cause::device,
                "flash contents are unknown after a crash: flash the whole chip first");
  }
  const auto path = folder_ / flash_name;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return Bytes(size_, 0xFF);
  auto bytes = read_file(path, size_);
  if (!bytes) return fail(Cause::device, "{}: flash the whole chip first", bytes.error().text);
  if (bytes->size() != size_) {
    return fail(Cause::device, "{}: {} bytes instead of {}: flash the whole chip first",
                path.string(), bytes->size(), size_);
  }
  return bytes;
}

Result<> FlashStore::save(ByteView bytes) {
  TRY(write_file(folder_ / flash_name, bytes));
  std::error_code error;
  std::filesystem::remove(folder_ / mark_name, error);
  if (error) return fail(Cause::io, "{}: {}", (folder_ / mark_name).string(), error.message());
  return sync_folder(folder_);
}

Result<> FlashStore::mark_running() {
  return write_file(folder_ / mark_name, {});
}

}  // namespace assay::virt
