#include "web/gzip.hpp"

#include <zlib.h>

namespace assay::web {

Result<std::string> gzip(std::string_view text, int level) {
  constexpr int gzip_window = 15 + 16;
  constexpr int memory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, memory, Z_DEFAULT_STRATEGY) != Z_OK)
    return fail(Cause::exhausted, "no memory to compress an answer");
  std::string out(deflateBound(&stream, text.size()), '\0');
  // Sizes beyond 4 GiB do not come here: answers in memory are bounded.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) return fail(Cause::internal, "an answer cannot be compressed");
  return out;
}

}  // namespace assay::web
