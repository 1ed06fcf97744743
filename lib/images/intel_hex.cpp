#include <algorithm>
#include <optional>
#include <vector>

#include "images/load.hpp"

namespace assay::images {
namespace {

constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

struct Record {
  std::uint8_t type = 0;
  std::uint16_t offset = 0;
  Bytes data;
};

// What a data record covered, to say which line gave an address first.
struct Covered {
  std::uint64_t address;
  std::uint64_t end;
  std::size_t line;
};

class Reader {
 public:
  Reader(std::string_view name, std::uint64_t limit) : name_(name), limit_(limit) {}

  Result<Segments> read(std::string_view text) {
    while (!text.empty()) {
      const auto newline = text.find('\n');
      std::string_view line = text.substr(0, newline);
      text = newline == std::string_view::npos ? "" : text.substr(newline + 1);
      ++line_;
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
        line.remove_suffix(1);
      }
      if (line.empty()) continue;
      if (ended_) return bad("a record after the end-of-file record");
      const Record record = TRY(decode(line));
      TRY(apply(record));
    }
    if (!ended_) {
      return bad("the end-of-file record (:00000001FF) is missing: the file is cut short");
    }
    if (covered_.empty()) return bad("the file holds no data records");
    TRY(check_overlaps());
    auto arranged = arrange(std::move(parts_));
    if (!arranged) return tl::unexpected(std::move(arranged).error().in(name_));
    return arranged;
  }

 private:
  template <class... Args>
  tl::unexpected<Error> bad_at(std::size_t line, fmt::format_string<Args...> format,
                               Args&&... args) const {
    return fail(Cause::invalid, "{}:{}: {}", name_, line,
                fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  tl::unexpected<Error> bad(fmt::format_string<Args...> format, Args&&... args) const {
    return bad_at(std::max<std::size_t>(line_, 1), format, std::forward<Args>(args)...);
  }

  Result<Record> decode(std::string_view line) const {
    if (line.front() != ':') return bad("a record starts with ':', this is not an Intel HEX line");
    line.remove_prefix(1);
    if (line.size() % 2 != 0) return bad("an odd number of hexadecimal digits");
    if (line.size() > 2 * (255 + 5)) return bad("the line is longer than any record");
    const auto bytes = from_hex(line);
    if (!bytes) return bad("{}", bytes.error().text);
    if (bytes->size() < 5) return bad("the record is cut short");
    const std::size_t length = bytes->front();
    if (bytes->size() != length + 5) {
      return bad("the record announces {} data bytes and has {}", length, bytes->size() - 5);
    }
    std::uint8_t sum = 0;
    for (const std::uint8_t byte : ByteView(*bytes).first(length + 4)) {
      sum = static_cast<std::uint8_t>(sum + byte);
    }
    const auto computed = static_cast<std::uint8_t>(-sum);
    if (computed != bytes->back()) {
      return bad("checksum is 0x{:02x}, computed 0x{:02x}: the file is damaged", bytes->back(),
                 computed);
    }
    Record record;
    record.offset = static_cast<std::uint16_t>((*bytes)[1] << 8 | (*bytes)[2]);
    record.type = (*bytes)[3];
    record.data.assign(bytes->begin() + 4, bytes->end() - 1);
    return record;
  }

  Result<> expect_length(const Record& record, std::size_t length) const {
    if (record.data.size() == length) return {};
    return bad("a record of type {:02} has {} data bytes, not {}", record.type, length,
               record.data.size());
  }

  Result<> apply(const Record& record) {
    switch (record.type) {
      case 0:
        return add_data(record);
      case 1:
        TRY(expect_length(record, 0));
        ended_ = true;
        return {};
      case 2:
      case 4: {
        TRY(expect_length(record, 2));
        const unsigned upper = record.data[0] << 8U | record.data[1];
        segmented_ = record.type == 2;
        base_ = static_cast<std::uint64_t>(upper) << (segmented_ ? 4 : 16);
        return {};
      }
      // Where the program starts: the vector table says so on the chips at hand.
      case 3:
      case 5:
        return expect_length(record, 4);
      default:
        return bad("record type {:02} is unknown, the format has 00 to 05", record.type);
    }
  }

  Result<> add_data(const Record& record) {
    if (record.data.empty()) return {};
    const std::uint64_t address = base_ + record.offset;
    const std::uint64_t end = address + record.data.size();
    if (segmented_ && record.offset + record.data.size() > 0x10000) {
      return bad("the record runs past the end of its 64 KiB segment");
    }
    if (end > four_gib) return bad("the record runs past the address 0xffffffff");
    total_ += record.data.size();
    if (total_ > limit_) {
      return fail(Cause::exhausted, "{}:{}: more than {} bytes of data", name_, line_, limit_);
    }
    covered_.push_back({address, end, line_});
    if (parts_.empty() || parts_.back().end() != address) parts_.push_back({address, {}});
    Bytes& bytes = parts_.back().bytes;
    bytes.insert(bytes.end(), record.data.begin(), record.data.end());
    return {};
  }

  Result<> check_overlaps() {
    std::ranges::sort(covered_, [](const Covered& a, const Covered& b) {
      return a.address != b.address ? a.address < b.address : a.line < b.line;
    });
    for (std::size_t i = 1; i < covered_.size(); ++i) {
      const Covered& a = covered_[i - 1];
      const Covered& b = covered_[i];
      if (b.address >= a.end) continue;
      return bad_at(std::max(a.line, b.line), "address 0x{:08x} was already given by line {}",
                    b.address, std::min(a.line, b.line));
    }
    return {};
  }

  std::string_view name_;
  std::uint64_t limit_;
  std::size_t line_ = 0;
  bool ended_ = false;
  bool segmented_ = false;
  std::uint64_t base_ = 0;
  std::uint64_t total_ = 0;
  std::vector<Segment> parts_;
  std::vector<Covered> covered_;
};

}  // namespace

Result<Segments> parse_intel_hex(ByteView content, std::string_view name, std::uint64_t limit) {
  return Reader(name, limit).read(as_text(content));
}

}  // namespace assay::images
