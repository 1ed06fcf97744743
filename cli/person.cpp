#include "cli/person.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "base/text.hpp"

namespace assay::cli {

static constexpr std::size_t longest = 64;

static std::string user_name() {
  std::vector<char> room(4096);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(getuid(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return std::to_string(getuid());  // of a container that has no name for it
}

std::string person() {
  std::string name;
  if (const char* given = std::getenv("ASSAY_PERSON"); given != nullptr && *given != '\0') {
    name = given;
  } else {
    std::array<char, 256> host{};
    name = user_name() + "@" + (gethostname(host.data(), host.size() - 1) == 0 ? host.data() : "?");
  }
  name = printable(name);
  // Not within a character.
  std::size_t end = 0;
  while (end < name.size()) {
    const std::size_t one = utf8_sequence(std::string_view(name).substr(end));
    if (one == 0 || end + one > longest) break;
    end += one;
  }
  return name.substr(0, end);
}

}  // namespace assay::cli
