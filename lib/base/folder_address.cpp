#include "base/folder_address.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/core.h>

namespace assay {

static constexpr int most_waiting = 4;

Result<FolderAddress> FolderAddress::make(const std::filesystem::path& folder,
                                          std::string_view name) {
  FolderAddress made;
  made.folder_ = UniqueFd(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!made.folder_) return fail_errno(folder.string());
  const auto path = fmt::format("/proc/self/fd/{}/{}", made.folder_.get(), name);
  made.address_.sun_family = AF_UNIX;
  path.copy(made.address_.sun_path, sizeof made.address_.sun_path - 1);
  return made;
}

Result<UniqueFd> listen_in(const std::filesystem::path& folder, std::string_view name) {
  std::error_code ignored;
  std::filesystem::remove(folder / name, ignored);
  const auto at = TRY(FolderAddress::make(folder, name));
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || fchmod(fd.get(), 0600) != 0 || bind(fd.get(), at.get(), at.size()) != 0 ||
      listen(fd.get(), most_waiting) != 0) {
    return fail_errno((folder / name).string());
  }
  return fd;
}

}  // namespace assay
