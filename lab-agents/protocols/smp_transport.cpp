#include "protocols/smp.hpp"

namespace assay::smp {

constexpr std::size_t kept_packets = 16;

std::string StreamTransport::feed(ByteView bytes) {
  const std::lock_guard lock(mutex_);
  demux_.feed(bytes);
  while (auto packet = demux_.next_packet()) {
    packets_.push_back(std::move(*packet));
    if (packets_.size() > kept_packets) packets_.pop_front();
    arrived_.notify_all();
  }
  return demux_.take_text();
}

void StreamTransport::clear() {
  const std::lock_guard lock(mutex_);
  packets_.clear();
}

std::uint64_t StreamTransport::dropped() const {
  const std::lock_guard lock(mutex_);
  return demux_.dropped();
}

Result<> StreamTransport::send(ByteView packet, const Wait& wait) {
  return write_(encode_frame(packet), wait);
}

Result<Bytes> StreamTransport::receive(const Wait& wait) {
  std::unique_lock lock(mutex_);
  const auto there = [&] { return !packets_.empty(); };
  // Waited for in slices: the deadline is on CLOCK_BOOTTIME, the condition
  // variable counts otherwise while the machine sleeps.
  while (!there()) {
    if (wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
    if (wait.until.passed()) return fail(Cause::timeout, "no answer");
    const auto left = std::min<Duration>(wait.until.left(), std::chrono::seconds(1));
    arrived_.wait_for(lock, wait.stop, left, there);
  }
  Bytes packet = std::move(packets_.front());
  packets_.pop_front();
  return packet;
}

}  // namespace assay::smp
