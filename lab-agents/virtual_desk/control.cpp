#include "virtual_desk/control.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "base/folder_address.hpp"
#include "base/text.hpp"

namespace assay::virtual_desk {

namespace {

constexpr std::string_view name = "desk.sock";
const Duration patience = std::chrono::seconds(2);
constexpr std::size_t longest = 200;

Result<std::string> line_from(int fd) {
  std::string text;
  std::array<std::uint8_t, 256> bytes;
  const Wait wait = Wait::for_(patience);
  while (text.find('\n') == std::string::npos && text.size() <= longest) {
    const auto n = TRY(read_some(fd, bytes, wait));
    if (n == 0) break;
    text += as_text({bytes.data(), n});
  }
  return text.substr(0, text.find('\n'));
}

Result<> obey(Desk& desk, const std::string& command) {
  std::vector<std::string> words;
  for (const auto word : split(command, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  using Plug = Desk::Plug;
  if (words.size() == 3 && (words[0] == "plug" || words[0] == "unplug") &&
      (words[1] == "relay" || words[1] == "probe")) {
    return desk.plug(words[2], words[1] == "relay" ? Plug::relay : Plug::probe, words[0] == "plug");
  }
  if (words.size() == 2 && (words[0] == "weld" || words[0] == "mend"))
    return desk.weld(words[1], words[0] == "weld");
  if (words.size() == 3 && words[0] == "swap") return desk.swap(words[1], words[2]);
  if (words.size() == 3 && words[0] == "cross") return desk.cross(words[1], words[2]);
  if (words.size() == 3 && words[0] == "slow") {
    std::uint32_t kilohertz = 0;
    const auto* end = words[2].data() + words[2].size();
    const auto [stop, error] = std::from_chars(words[2].data(), end, kilohertz);
    if (error != std::errc() || stop != end || kilohertz == 0 || kilohertz > 100'000)
      return fail(Cause::invalid, "'{}' is no number of kilohertz", printable(words[2]));
    return desk.slow(words[1], kilohertz);
  }
  return fail(Cause::invalid, "'{}' is no command; there are\n{}", printable(command),
              hand_commands);
}

}  // namespace

Result<Control> Control::listen(Desk& desk, const std::filesystem::path& folder) {
  UniqueFd fd = TRY(listen_in(folder, name));
  fcntl(fd.get(), F_SETFL, O_NONBLOCK);
  return Control(desk, folder, std::move(fd));
}

Control::~Control() {
  std::error_code ignored;
  if (socket_) std::filesystem::remove(folder_ / name, ignored);
}

void Control::serve() {
  const UniqueFd peer(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!peer) return;
  const auto command = line_from(peer.get());
  const auto done = command.and_then([&](const std::string& c) { return obey(*desk_, c); });
  (void)write_all(peer.get(), as_bytes(done ? std::string("ok\n") : done.error().text + "\n"),
                  Wait::for_(patience));
}

Result<> Control::tell(const std::filesystem::path& folder, const std::string& command,
                       const Wait& wait) {
  const auto at = FolderAddress::make(folder, name);
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!at || !fd || connect(fd.get(), at->get(), at->size()) != 0)
    return fail(Cause::unavailable, "{}: no desk has this folder", folder.string());
  TRY(write_all(fd.get(), as_bytes(command + "\n"), wait));
  std::string answer;
  std::array<std::uint8_t, 1024> bytes;
  while (const auto n = TRY(read_some(fd.get(), bytes, wait))) answer += as_text({bytes.data(), n});
  if (answer == "ok\n") return {};
  return fail(Cause::invalid, "{}", answer.substr(0, answer.find_last_not_of('\n') + 1));
}

}  // namespace assay::virtual_desk
