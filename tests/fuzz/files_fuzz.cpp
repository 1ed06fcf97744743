// Event files that a crash or a bad disk has damaged: the agent's and assayd's.
#include <cstring>
#include <fstream>

#include "base/file.hpp"
#include "evidence/event.hpp"
#include "fuzz.hpp"
#include "segments/segment.hpp"
#include "spool/spool.hpp"
#include "wire/event.hpp"
#include "wire/record.hpp"

using namespace assay;

namespace {

// The same file with checksums that are right, or damage would never get past them.
std::string with_right_checksums(std::string bytes) {
  std::size_t at = 0;
  while (at + wire::record_header <= bytes.size()) {
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof length);  // little endian, as this machine
    if (length > bytes.size() - at - wire::record_header) break;
    const auto record = wire::make_record(bytes.substr(at + wire::record_header, length));
    bytes.replace(at, wire::record_header, record, 0, wire::record_header);
    at += wire::record_header + length;
  }
  return bytes;
}

void open_as_segment(const std::filesystem::path& file) {
  if (auto segment = segments::SegmentFile::open(file, 1 << 20)) {
    segments::Cursor cursor;
    (void)segment->read(cursor, 1 << 20);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto folder = TempFolder::make("assay-fuzz-");
  const std::string raw(as_text({data, size}));
  for (const auto& bytes : {raw, with_right_checksums(raw)}) {
    const auto segment = folder->path() / "segment";
    const auto spool = folder->path() / "r1.1.1.spool";
    for (const auto& file : {segment, spool}) std::ofstream(file) << bytes;  // not synced
    open_as_segment(segment);
    if (auto opened = spool::Spool::reopen(folder->path(), "r1.1.1")) {
      (void)(*opened)->read(0, 1 << 20);
      (*opened)->acknowledge(1);
    }
  }
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  using namespace evidence;
  std::string file;
  const std::vector<Body> bodies = {AttemptStarted{1'000'000, "agent", {{"qemu", "7.2"}}},
                                    StepStarted{0, "on", "power on", "plan.yaml:3:4"},
                                    ConsoleBytes{0, false, Bytes(100, 'x')},
                                    StepEnded{0, StepState::passed, "", {}, 0, 100},
                                    AttemptEnded{Verdict::passed, "", -1, false}};
  std::uint64_t seq = 0;
  for (const auto& body : bodies) {
    file += wire::make_record(wire::encode(Event{++seq, Duration(5), "dut", "b1", body}));
  }
  return {file, file.substr(0, file.size() / 2)};
}
