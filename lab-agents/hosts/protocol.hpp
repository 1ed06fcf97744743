// What an agent and one of its device hosts say to each other over a stream
// socket (descriptor 3 in the host): messages of CBOR (RFC 8949), each behind
// its length as four bytes, big-endian, 32 MiB at most.
//
// The agent sends Configure first, which is answered by Reply{id 0}; then one
// Request at a time, each answered by the Reply of its id. In between the host
// sends console bytes and incidents whenever there are any, and while it carries
// out a request how far it is: a few times a second, never when that had to wait.
//
// Errors: Cause::internal for bytes that are no such message. A peer that sent
// them cannot be resynchronised: end the host.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>

#include "abilities/ability.hpp"
#include "base/bytes.hpp"
#include "base/result.hpp"

namespace assay::hosts {

using Json = nlohmann::json;

inline constexpr std::size_t max_message = 32 << 20;  // bytes, without the length in front

struct Configure {
  std::string board;
  std::string device;       // its name in the lab file
  std::string driver;       // the kind of driver: "virtual-zephyr", "serial", ...
  std::string params_json;  // an object, the driver's own
  std::filesystem::path state_folder;
  std::uint64_t floor = 0;  // epochs below it are refused
};

struct Request {
  std::uint64_t id = 0;  // not 0
  std::string ability;  // "power", "flash", "console", "reset", "mux"; "hub": power of a hub's port
  std::string operation;  // the method's name, "check", "about" or "revive"
  Json arguments = Json::object();
  std::uint64_t epoch = 0;
  std::uint64_t floor = 0;    // the highest epoch that the agent knows of
  std::int64_t left_ns = -1;  // until the deadline; -1: there is none
};

struct Reply {
  std::uint64_t id = 0;
  Result<Json> value;
};

// Of the request that is being carried out.
struct ProgressOf {
  std::uint64_t id = 0;
  abilities::Progress progress;
};

using ToHost = std::variant<Configure, Request>;
using ToAgent = std::variant<Reply, abilities::ConsoleChunk, abilities::Incident, ProgressOf>;

// Which of the many things that a driver says of its progress are sent: the first,
// the end of each thing that it does, and in between one each fifth of a second.
class ProgressPace {
 public:
  bool lets(const abilities::Progress&, BootTime now);

 private:
  std::optional<BootTime> last_;
  std::optional<std::string> ended_;  // the last that was sent was the end of this
};

// Cause::refused: `what` ("power on") carries an epoch below `floor`.
Error stale_epoch(const std::string& board, const std::string& what, std::uint64_t epoch,
                  std::uint64_t floor);

// With the length in front. Cause::exhausted when longer than max_message.
Result<Bytes> encode(const ToHost&);
Result<Bytes> encode(const ToAgent&);

// Cuts a byte stream into messages.
class Decoder {
 public:
  void feed(ByteView);
  // nullopt until a whole message is there.
  Result<std::optional<ToHost>> next_to_host();
  Result<std::optional<ToAgent>> next_to_agent();

 private:
  Result<std::optional<Json>> next();
  Bytes buffer_;
  std::size_t start_ = 0;  // of the first byte not yet taken
};

}  // namespace assay::hosts
