#include "scan/command.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "scan/driver_docs.hpp"
#include "scan/lab_file.hpp"
#include "scan/scan.hpp"
#include "scan/show.hpp"
#include "scan/udev_rules.hpp"

namespace assay::scan {

namespace {

using Words = std::vector<std::string>;

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

Result<> unexpected(const std::string& word, const char* usage) {
  return fail(Cause::invalid, "unexpected '{}': usage: assay-agent {}", printable(word), usage);
}

Result<> do_scan(const Words& words) {
  constexpr const char* usage = "scan [--json]";
  bool json = false;
  for (const std::string& word : words) {
    if (word != "--json") return unexpected(word, usage);
    json = true;
  }
  const auto devices = TRY(scan());
  print(json ? to_json(devices) : table(devices));
  return {};
}

// Never over a file that somebody may have worked on.
Result<> write_new(const std::string& path, const std::string& text) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (fd.get() < 0 && errno == EEXIST)
    return fail(Cause::invalid, "{} is there already: name another file, or move it away", path);
  if (fd.get() < 0) return fail_errno(path, Cause::invalid);
  // In place: the name is taken from here on.
  return write_file(path, as_bytes(text)).map_error([&](const Error& error) {
    unlink(path.c_str());
    return error;
  });
}

Result<> do_init(const Words& words) {
  constexpr const char* usage = "init [FILE]";
  if (words.size() > 1) return unexpected(words[1], usage);
  if (!words.empty() && words[0].starts_with('-')) return unexpected(words[0], usage);
  const std::string path = words.empty() ? "lab.yaml" : words[0];
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const auto devices = TRY(scan());
  TRY(write_new(path, TRY(lab_file(devices, host.data()))));
  print(
      fmt::format("{} is written: read it through, then `assay plan check {}` and `assay up --lab "
                  "{}`\n",
                  path, path, path));
  return {};
}

Result<> do_udev_rules(const Words& words) {
  if (!words.empty()) return unexpected(words[0], "udev-rules");
  print(udev_rules());
  return {};
}

Result<> do_drivers(const Words& words) {
  for (const std::string& word : words) {
    if (word != "--markdown") return unexpected(word, "drivers --markdown");
  }
  print(drivers_markdown());
  return {};
}

}  // namespace

std::optional<int> run_command(int argc, char** argv) {
  if (argc < 2 || !is_command(argv[1])) return std::nullopt;
  const std::string_view command = argv[1];
  const Words words(argv + 2, argv + argc);
  const auto done = command == "scan"         ? do_scan(words)
                    : command == "init"       ? do_init(words)
                    : command == "udev-rules" ? do_udev_rules(words)
                                              : do_drivers(words);
  if (done) return 0;
  std::fprintf(stderr, "assay-agent: %s\n", done.error().text.c_str());
  return done.error().cause == Cause::io || done.error().cause == Cause::internal ? 3 : 2;
}

}  // namespace assay::scan
