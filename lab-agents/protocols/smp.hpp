// A client of the Simple Management Protocol (MCUmgr): OS and image groups.
//
// Blocking: every call waits for its answer until the Wait ends. A request whose
// answer does not come within Options::answer_within is sent again (a reset is
// not), Options::attempts times in all. Answers are matched by their sequence
// number; late ones are dropped.
//
// Errors: Cause::guest when the device answered with an error (the words name
// group and code: "img upload: image group error 30 (image too large)") or
// with what is no answer; Cause::timeout when it stayed silent; the transport's
// own errors as they are. last_refusal() has the numbers.
// Not thread-safe, except StreamTransport::feed().
// Source: Zephyr 4.4, "SMP Protocol Specification" and "MCUmgr groups" 0 and 1.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "protocols/smp_frame.hpp"

namespace assay::smp {

// Carries whole SMP packets (header and CBOR body).
class Transport {
 public:
  virtual ~Transport() = default;
  virtual Result<> send(ByteView packet, const Wait&) = 0;
  // The next packet that arrived.
  virtual Result<Bytes> receive(const Wait&) = 0;
};

// SMP on a serial line that it shares with log text. The line's reader thread
// calls feed(); send() and receive() belong to the client's thread.
class StreamTransport final : public Transport {
 public:
  using Write = std::function<Result<>(ByteView, const Wait&)>;
  explicit StreamTransport(Write write) : write_(std::move(write)) {}

  // Any piece of the line's bytes; returns the text in it, frames taken out.
  // Of packets that nobody receives the last 16 are kept.
  std::string feed(ByteView);
  // Forgets the packets that have arrived: before a new conversation.
  void clear();
  [[nodiscard]] std::uint64_t dropped() const;

  Result<> send(ByteView packet, const Wait&) override;
  Result<Bytes> receive(const Wait&) override;

 private:
  Write write_;
  mutable std::mutex mutex_;
  std::condition_variable_any arrived_;
  Demux demux_;                // guarded by mutex_
  std::deque<Bytes> packets_;  // guarded by mutex_
};

struct Options {
  Duration answer_within = std::chrono::milliseconds(2000);
  // For what erases flash first: an erase, the first piece of an upload.
  Duration erase_within = std::chrono::seconds(20);
  // Of one request; pieces of an upload that are lost are sent again sooner and shorter.
  int attempts = 5;
  // The longest packet to send before the device has said what it takes.
  std::size_t first_packet = 180;
  // Never longer, whatever the device says. Three full lines: Zephyr's UART
  // receiver has two line buffers, and an emulated line is faster than its work
  // queue ("Insufficient buffers, fragment dropped").
  std::size_t longest_packet = packet_capacity(3);
};

struct Parameters {
  std::uint32_t buffer_size = 0;  // of one packet with its length and CRC
  std::uint32_t buffer_count = 0;
};

// One slot of `img state`.
struct ImageSlot {
  std::uint32_t image = 0;
  std::uint32_t slot = 0;
  std::string version;  // "1.0.0"
  Bytes hash;           // the image's hash TLV; empty when the device sent none
  bool bootable = false;
  bool pending = false;    // runs at the next boot
  bool confirmed = false;  // what the bootloader falls back to
  bool active = false;     // runs now
  bool permanent = false;  // pending for good
};

struct Refusal {
  std::optional<std::uint16_t> group;  // SMP version 2; nullopt: a version 1 rc
  std::uint64_t code = 0;
};
// "image group error 30 (image too large)", "error 8 (not supported)".
std::string to_string(const Refusal&);

struct Upload {
  std::uint32_t image = 0;
  bool upgrade_only = false;  // refuse anything but a newer version
  std::function<void(std::size_t done, std::size_t all)> progress = {};
};

class Client {
 public:
  explicit Client(Transport& transport, Options options = {})
      : transport_(transport), options_(options) {}

  // The text as it came back.
  Result<std::string> echo(std::string_view text, const Wait&);
  // Sent once: the answer only says that a reset will follow. Mode 1 is for a
  // program that shall come back in its bootloader.
  Result<> reset(const Wait&, std::optional<int> boot_mode = std::nullopt);
  // Remembered: requests are as long as the device takes, within Options.
  Result<Parameters> parameters(const Wait&);
  // `format` as uname's letters: "s" kernel name, "v" version, "a" all.
  Result<std::string> os_info(std::string_view format, const Wait&);
  Result<std::string> bootloader(const Wait&);  // "MCUboot"

  Result<std::vector<ImageSlot>> images(const Wait&);
  // Marks the image of this hash for one test boot.
  Result<std::vector<ImageSlot>> test(ByteView hash, const Wait&);
  // Makes it permanent; with an empty hash the running image.
  Result<std::vector<ImageSlot>> confirm(ByteView hash, const Wait&);
  // The secondary slot, or the one given.
  Result<> erase(std::optional<std::uint32_t> slot, const Wait&);
  // Goes on where the device says that it is, also when it already holds a part
  // of this very image. Asks for parameters() first when nobody did.
  Result<> upload(ByteView image, const Upload&, const Wait&);

  // The device's own numbers, when the last call failed because it refused.
  [[nodiscard]] const std::optional<Refusal>& last_refusal() const { return refusal_; }
  // How often a request had to be sent again.
  [[nodiscard]] std::uint64_t repeats() const { return repeats_; }

 private:
  struct Request;
  Result<nlohmann::json> call(const Request&, const Wait&);
  Result<nlohmann::json> await(const Request&, std::uint8_t sequence, const Wait&);
  [[nodiscard]] std::size_t packet_size() const;

  Transport& transport_;
  Options options_;
  std::optional<Parameters> parameters_;
  std::optional<Refusal> refusal_;
  std::uint8_t next_sequence_ = 0;
  std::uint64_t repeats_ = 0;
};

}  // namespace assay::smp
