// What is answered: a body in memory, bytes that are read piece by piece, or a live
// stream. Values; finish() and what makes replies may block (compression).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "web/cursor.hpp"
#include "web/request.hpp"

namespace google::protobuf {
class Message;
}

namespace assay::web {

using Text = std::shared_ptr<const std::string>;

// At most `most` bytes from `offset`; blocks for the disk, called on a worker.
using Read = std::function<Result<std::string>(std::uint64_t offset, std::size_t most)>;

struct Reply {
  unsigned status = 200;
  std::string type = "application/json";
  Text body;                    // or
  Read read;                    // from `first`, `length` bytes, of `size` in all; or
  std::string live;             // a stream: "now", "runs" or a run's id
  std::optional<Cursor> after;  // of it
  std::uint64_t first = 0, length = 0, size = 0;
  Text zipped;       // the body once more, compressed before
  std::string etag;  // with its quotes; "" none
  std::string cache = "no-cache";
  bool download = false;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

std::string_view reason(unsigned status);

// A Problem as proto JSON.
Reply problem(unsigned status, std::string_view text);
Reply problem(const Error&);
Reply json(const google::protobuf::Message&);
Reply plain(unsigned status, std::string text);
// Bytes to be saved under `name`.
Reply download(std::string name, std::string etag, std::uint64_t size, Read);

std::string hash_tag(std::string_view content);

// Answers If-None-Match, Range and Accept-Encoding.
Reply finish(const Request&, Reply);

// Status line and headers up to the empty line.
std::string head_of(const Reply&, bool keep_alive);

}  // namespace assay::web
