// A board's serial line: frames among text, and answers to a client's questions.
#include "executor/console_lines.hpp"
#include "fuzz.hpp"
#include "protocols/smp.hpp"
#include "protocols/smp_frame.hpp"

using namespace assay;

namespace {

// Whatever is asked, the input is the answer, and then the line is dead.
class Answer final : public smp::Transport {
 public:
  explicit Answer(ByteView packet) : packet_(packet.begin(), packet.end()) {}
  Result<> send(ByteView request, const Wait&) override {
    // The group, command and number of the question, so that it is looked into.
    if (packet_.size() >= 8 && request.size() >= 8) {
      for (const std::size_t at : {4U, 5U, 6U, 7U}) packet_[at] = request[at];
      packet_[0] = static_cast<std::uint8_t>((packet_[0] & ~7U) | ((request[0] & 7U) + 1));
    }
    return {};
  }
  Result<Bytes> receive(const Wait&) override {
    if (taken_) return fail(Cause::unavailable, "the line is dead");
    taken_ = true;
    return packet_;
  }

 private:
  Bytes packet_;
  bool taken_ = false;
};

template <class Ask>
void asked(ByteView packet, Ask ask) {
  Answer answer(packet);
  smp::Client client(answer, {.answer_within = Duration(1), .attempts = 1});
  (void)ask(client, Wait::for_(std::chrono::seconds(1)));
}

Bytes packet(std::initializer_list<std::uint8_t> map) {
  Bytes bytes = {0x0b, 0, 0, static_cast<std::uint8_t>(map.size()), 0, 1, 0, 0};
  bytes.insert(bytes.end(), map);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  smp::Demux demux;
  demux.feed(bytes.first(size / 2));
  std::string text = demux.take_text();
  demux.feed(bytes.subspan(size / 2));
  text += demux.take_text();
  while (demux.next_packet()) {
  }
  executor::LineBuilder builder;
  std::vector<executor::Line> lines;
  builder.take(text, 0, size, BootTime::now(), lines);
  builder.cut(lines);

  asked(bytes, [](auto& client, const Wait& wait) { return client.images(wait); });
  asked(bytes, [](auto& client, const Wait& wait) { return client.parameters(wait); });
  asked(bytes, [](auto& client, const Wait& wait) { return client.echo("hello", wait); });
  asked(bytes, [](auto& client, const Wait& wait) { return client.confirm({}, wait); });
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  const Bytes empty = packet({0xbf, 0xff});
  // {"images": [{"slot": 0, "version": "1.0", "hash": h'0102', "active": true}]}
  const Bytes images =
      packet({0xa1, 0x66, 'i', 'm',  'a', 'g', 'e',  's', 0x81, 0xa4, 0x64, 's', 'l', 'o',  't',
              0x00, 0x67, 'v', 'e',  'r', 's', 'i',  'o', 'n',  0x63, '1',  '.', '0', 0x64, 'h',
              'a',  's',  'h', 0x42, 1,   2,   0x66, 'a', 'c',  't',  'i',  'v', 'e', 0xf5});
  const Bytes refused = packet(
      {0xa1, 0x63, 'e', 'r', 'r', 0xa2, 0x65, 'g', 'r', 'o', 'u', 'p', 1, 0x62, 'r', 'c', 8});
  const Bytes sizes = packet({0xa2, 0x68, 'b', 'u', 'f', '_', 's', 'i', 'z', 'e', 0x19, 1,
                              0x80, 0x69, 'b', 'u', 'f', '_', 'c', 'o', 'u', 'n', 't',  4});
  std::vector<std::string> all;
  for (const Bytes& one : {empty, images, refused, sizes}) {
    all.emplace_back(as_text(one));
    all.push_back("I: Starting bootloader\n" + std::string(as_text(smp::encode_frame(one))) +
                  "uart:~$ \x1b[32mok\x1b[0m\r\n");
  }
  all.emplace_back(as_text(smp::encode_frame(Bytes(1000, 'y'))));
  return all;
}
