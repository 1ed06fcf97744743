#include "web/pages.hpp"

#include <array>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "plans/shipped.hpp"
#include "web/gzip.hpp"

namespace assay::web {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t most_bytes = 16U << 20;
constexpr int smallest = 9;
constexpr std::string_view index_file = "index.html";

std::string type_of(const fs::path& path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> types{
      {{".html", "text/html; charset=utf-8"},
       {".js", "text/javascript; charset=utf-8"},
       {".css", "text/css; charset=utf-8"},
       {".svg", "image/svg+xml"},
       {".png", "image/png"},
       {".ico", "image/x-icon"},
       {".woff2", "font/woff2"},
       {".json", "application/json"},
       {".map", "application/json"},
       {".webmanifest", "application/manifest+json"},
       {".txt", "text/plain; charset=utf-8"}}};
  for (const auto& [ending, type] : types) {
    if (path.extension() == ending) return std::string(type);
  }
  return "application/octet-stream";
}

Reply file_reply(std::string content, const fs::path& path, bool for_ever) {
  Reply reply;
  reply.type = type_of(path);
  reply.etag = hash_tag(content);
  reply.cache = for_ever ? "public, max-age=31536000, immutable" : "no-cache";
  auto zipped = gzip(content, smallest);
  if (zipped && zipped->size() < content.size())
    reply.zipped = std::make_shared<const std::string>(std::move(*zipped));
  reply.body = std::make_shared<const std::string>(std::move(content));
  return reply;
}

}  // namespace

Result<Pages> Pages::read(const fs::path& folder) {
  Pages pages;
  std::uint64_t total = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    // Links are not followed: nothing from outside the folder is served.
    if (!at->is_regular_file(error) || at->is_symlink(error)) continue;
    const std::string name = at->path().lexically_relative(folder).generic_string();
    std::string content = TRY(read_text(at->path(), most_bytes));
    total += content.size();
    if (total > most_bytes) {
      return fail(Cause::exhausted, "{}: the pages are more than {} MiB; build them again",
                  folder.string(), most_bytes >> 20);
    }
    pages.files_.emplace(name,
                         file_reply(std::move(content), at->path(), name.starts_with("assets/")));
  }
  if (error) return fail(Cause::io, "{}: {}", folder.string(), error.message());
  return pages;
}

Pages Pages::shipped() {
  const auto folder = plans::pages_folder();
  std::error_code ignored;
  if (!folder || !fs::is_directory(*folder, ignored)) {
    spdlog::info("there are no pages to serve: ./dev build makes them");
    return {};
  }
  auto pages = read(*folder);
  if (pages) return std::move(*pages);
  spdlog::warn("no pages are served: {}", pages.error().text);
  return {};
}

Reply Pages::find(const Target& target) const {
  const std::string path = join(target.path, "/");
  const bool asset = !target.path.empty() && target.path[0] == "assets";
  const auto index = files_.find(std::string(index_file));
  if (index == files_.end()) {
    return plain(503,
                 "The pages are not built: ./dev build makes them. What they read is served "
                 "all the same, see /api/v1/now.\n");
  }
  const auto found = files_.find(path);
  if (found != files_.end()) return found->second;
  if (asset)
    return problem(404, "no such asset; the pages may have been built anew: load them again");
  return index->second;
}

}  // namespace assay::web
