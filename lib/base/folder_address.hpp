// The address of a local socket in a folder, however long the folder's path is: a
// socket address holds 107 characters, so it goes through a descriptor of the folder.
// Not thread-safe; good for as long as it lives.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace assay {

class FolderAddress {
 public:
  // `name`, a short one, in a folder that is there.
  static Result<FolderAddress> make(const std::filesystem::path& folder, std::string_view name);
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] static constexpr socklen_t size() { return sizeof(sockaddr_un); }

 private:
  UniqueFd folder_;
  sockaddr_un address_{};
};

// A stream socket that listens there with mode 0600, in the place of what was there.
Result<UniqueFd> listen_in(const std::filesystem::path& folder, std::string_view name);

}  // namespace assay
