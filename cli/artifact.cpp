// assay artifact put, get.

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/submit.hpp"
#include "cli/words.hpp"

namespace assay::cli {

int execute(const ArtifactPutOptions& options, const std::string& server) {
  Interrupts interrupts;
  const auto file = read_input("file", options.file);
  if (!file) return complain(file.error());
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  if (const auto up = upload(*client, {*file}, interrupts.token(), stdout); !up)
    return complain(up.error());
  if (options.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"id", file->sha256}, {"size", file->size}}.dump(1));
  } else {
    fmt::print("{}\n", file->sha256);
  }
  return 0;
}

int execute(const ArtifactGetOptions& options, const std::string& server) {
  Interrupts interrupts;
  if (!is_sha256_hex(options.sha256)) {
    return complain(
        {Cause::invalid, fmt::format("'{}' is not a SHA-256: 64 lower-case hexadecimal digits",
                                     printable(options.sha256))});
  }
  if (options.output.empty() && isatty(STDOUT_FILENO) != 0) {
    return complain({Cause::invalid, "the bytes would go to this terminal: add -o FILE"});
  }
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const bool to_file = !options.output.empty() && options.output != "-";
  // Beside its place until it is whole and has the right hash.
  const std::string part = options.output + ".part";
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      to_file ? std::fopen(part.c_str(), "wbe") : nullptr, std::fclose);
  if (to_file && !file) return complain(fail_errno(printable(part), Cause::invalid).value());
  std::FILE* out = to_file ? file.get() : stdout;
  Sha256Stream hash;
  auto got = client->get_artifact(
      options.sha256, 0, interrupts.token(), [&](std::string_view bytes) -> Result<> {
        hash.update(as_bytes(bytes));
        if (std::fwrite(bytes.data(), 1, bytes.size(), out) != bytes.size())
          return fail_errno(to_file ? part : "standard output");
        return {};
      });
  if (got && std::fflush(out) != 0) got = fail_errno(to_file ? part : "standard output");
  if (got && to_hex(hash.finish()) != options.sha256) {
    got =
        fail(Cause::io, "what came has another SHA-256 than {}; nothing was kept", options.sha256);
  }
  std::error_code error;
  if (got && to_file) std::filesystem::rename(part, options.output, error);
  if (error) got = fail(Cause::invalid, "{}: {}", printable(options.output), error.message());
  if (!got && to_file) std::filesystem::remove(part, error);
  return got ? 0 : complain(got.error());
}

}  // namespace assay::cli
