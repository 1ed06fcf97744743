#include "drivers/disk/copy.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace assay::drivers {

namespace {

constexpr std::size_t piece_size = 4 << 20;
constexpr std::size_t pieces_under_way = 3;

// Aligned as direct access wants it.
class Buffer {
 public:
  Buffer() : bytes_(static_cast<std::uint8_t*>(std::aligned_alloc(Target::alignment, piece_size))) {
    if (bytes_ == nullptr) throw std::bad_alloc();
  }
  ~Buffer() { std::free(bytes_); }
  Buffer(Buffer&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  [[nodiscard]] std::span<std::uint8_t> all() { return {bytes_, piece_size}; }
  [[nodiscard]] ByteView first(std::size_t n) const { return {bytes_, n}; }

 private:
  std::uint8_t* bytes_;
};

struct Piece {
  Buffer buffer;
  std::uint64_t at = 0;  // in the image
  std::size_t size = 0;
  std::uint64_t of_file = 0;  // had been read by then, as it is packed
  bool zeros = false;
  std::optional<Sha256> digest = {};
};

// What was written, to be read back.
struct Written {
  std::uint64_t at = 0;
  std::size_t size = 0;
  std::optional<Sha256> digest = {};  // else the image is read once more for it
};

bool all_zeros(ByteView bytes) {
  return !bytes.empty() && bytes[0] == 0 &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

// Between the thread that reads and the one that writes.
class Pipe {
 public:
  // nullopt: the writer has given up.
  std::optional<Buffer> empty_buffer() {
    std::unique_lock lock(mutex_);
    if (made_ < pieces_under_way) {
      ++made_;
      return Buffer();
    }
    changed_.wait(lock, [&] { return !free_.empty() || closed_; });
    if (closed_) return std::nullopt;
    auto buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  void give_back(Buffer buffer) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(buffer));
    changed_.notify_all();
  }
  void push(Piece piece) {
    const std::lock_guard lock(mutex_);
    full_.push_back(std::move(piece));
    changed_.notify_all();
  }
  void end(Result<> how) {
    const std::lock_guard lock(mutex_);
    end_ = std::move(how);
    changed_.notify_all();
  }
  // nullopt after the last one.
  Result<std::optional<Piece>> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !full_.empty() || end_; });
    if (full_.empty()) {
      TRY(*end_);
      return std::nullopt;
    }
    auto piece = std::move(full_.front());
    full_.pop_front();
    return piece;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Buffer> free_;
  std::deque<Piece> full_;
  std::size_t made_ = 0;
  std::optional<Result<>> end_;
  bool closed_ = false;
};

// The thread that reads.
class Reader {
 public:
  Reader(const CopyJob& job, Pipe& pipe, bool digests)
      : job_(job), pipe_(pipe), digests_(digests) {}

  void run() {
    try {
      pipe_.end(job_.map == nullptr ? read_all() : read_mapped());
    } catch (const std::exception& e) {
      pipe_.end(fail(Cause::exhausted, "reading the image: {}", e.what()));
    }
  }
  [[nodiscard]] std::uint64_t at() const { return at_; }  // once the thread has ended

 private:
  Result<> read_all() {
    while (TRY(read_piece(piece_size, nullptr)) == piece_size) {
    }
    return {};
  }

  Result<> read_mapped() {
    for (const Extent& extent : job_.map->mapped) {
      TRY(skip_to(extent.begin));
      Sha256Stream digest;
      while (at_ < extent.end) {
        const auto want = std::min<std::uint64_t>(piece_size, extent.end - at_);
        if (TRY(read_piece(want, &digest)) < want) return too_short();
      }
      if (extent.digest && digest.finish() != *extent.digest) {
        return fail(Cause::invalid,
                    "bytes {} to {} of the image are not what its block map says: they are not of "
                    "one build, or the image is damaged",
                    extent.begin, extent.end - 1);
      }
      if (given_up_) break;
    }
    return {};
  }

  tl::unexpected<Error> too_short() const {
    return fail(Cause::invalid, "the image ends at byte {}, but its block map says that it has {}",
                at_, job_.map->image_size);
  }

  Result<> skip_to(std::uint64_t place) {
    while (at_ < place && !given_up_) {
      auto buffer = pipe_.empty_buffer();
      if (!buffer) return give_up();
      const auto want = std::min<std::uint64_t>(piece_size, place - at_);
      const auto got = TRY(job_.image.read(buffer->all().first(want)));
      pipe_.give_back(std::move(*buffer));
      at_ += got;
      if (got < want) return too_short();
    }
    return {};
  }

  // How much there was; less than asked at the end.
  Result<std::size_t> read_piece(std::size_t size, Sha256Stream* also) {
    auto buffer = pipe_.empty_buffer();
    if (!buffer) {
      give_up();
      at_ += size;
      return 0;
    }
    const auto got = TRY(job_.image.read(buffer->all().first(size)));
    if (got == 0) return got;
    Piece piece{.buffer = std::move(*buffer),
                .at = at_,
                .size = got,
                .of_file = job_.image.read_so_far(),
                .zeros = false,
                .digest = {}};
    const auto bytes = piece.buffer.first(got);
    piece.zeros = all_zeros(bytes);
    if (digests_) piece.digest = sha256(bytes);
    if (also != nullptr) also->update(bytes);
    at_ += got;
    pipe_.push(std::move(piece));
    return got;
  }

  Result<> give_up() {
    given_up_ = true;
    return {};
  }

  const CopyJob& job_;
  Pipe& pipe_;
  const bool digests_;
  std::uint64_t at_ = 0;
  bool given_up_ = false;
};

Result<> go_on(const Wait& wait) {
  if (wait.stop.stop_requested()) return fail(Cause::cancelled, "cancelled");
  if (wait.until.passed()) return fail(Cause::timeout, "the time for it is over");
  return {};
}

tl::unexpected<Error> too_small(const CopyJob& job, const std::string& image) {
  return fail(Cause::device, "{}: too small: the image has {}, and there is room for {} bytes",
              job.target.about(), image, job.room);
}

Result<std::vector<Written>> write(const CopyJob& job, Pipe& pipe, const Wait& wait) {
  std::vector<Written> all;
  const Buffer zeros = [] {
    Buffer b;
    std::ranges::fill(b.all(), std::uint8_t{0});
    return b;
  }();
  while (auto piece = TRY(pipe.next())) {
    if (auto going = go_on(wait); !going)
      return tl::unexpected(going.error().in(
          fmt::format("{}: after {} of the image", job.target.about(), human_size(piece->at))));
    if (piece->at > job.room || piece->size > job.room - piece->at)
      return too_small(job, "more bytes than that");
    const auto at = job.base + piece->at;
    if (piece->zeros)
      TRY(job.target.clear(at, piece->size, zeros.first(piece_size)));
    else
      TRY(job.target.write(piece->buffer.first(piece->size), at));
    all.push_back({at, piece->size, std::move(piece->digest)});
    if (job.progress) job.progress({"writing", piece->of_file, job.file_size});
    pipe.give_back(std::move(piece->buffer));
  }
  return all;
}

Result<> verify(const CopyJob& job, const std::vector<Written>& all, const Wait& wait) {
  Buffer buffer;
  std::uint64_t done = 0, total = 0;
  for (const Written& one : all) total += one.size;
  for (const Written& one : all) {
    TRY(go_on(wait));
    const auto bytes = buffer.all().first(one.size);
    auto want = one.digest;
    if (!want) {
      if (TRY(job.image.read(bytes)) != one.size)
        return fail(Cause::invalid, "the image has become shorter while it was written");
      want = sha256(bytes);
    }
    TRY(job.target.read(bytes, one.at));
    done += one.size;
    if (job.progress) job.progress({"reading back", done, total});
    if (sha256(bytes) == *want) continue;
    return fail(Cause::device,
                "{}: bytes {} to {} read back differently from what was written there (SHA-256): "
                "the card is worn, or not as large as it says",
                job.target.about(), one.at, one.at + one.size - 1);
  }
  return {};
}

}  // namespace

Result<Copied> copy(const CopyJob& job, const Wait& wait) {
  const auto known = job.map != nullptr ? job.map->image_size : job.image.size();
  const auto last = job.map != nullptr ? job.map->mapped.back().end : known;
  if (last && *last > job.room) return too_small(job, fmt::format("{} bytes", *known));
  if (job.map != nullptr && job.image.size() && *job.image.size() != job.map->image_size) {
    return fail(Cause::invalid, "the image has {} bytes, but its block map is of one that has {}",
                *job.image.size(), job.map->image_size);
  }
  const auto began = BootTime::now();
  Pipe pipe;
  // An image that is a file as it is can be hashed afterwards: writing is as fast as
  // the disk then, also where the processor is slow.
  const bool later = job.map == nullptr && job.image.rewind();
  Reader reader(job, pipe, !later);
  std::thread thread([&reader] { reader.run(); });
  auto written = write(job, pipe, wait);
  pipe.close();
  thread.join();
  if (!written) return tl::unexpected(std::move(written).error());
  TRY(job.target.sync());
  Copied copied{
      .image = reader.at(), .written = 0, .writing = BootTime::now() - began, .verifying = {}};
  for (const Written& one : *written) copied.written += one.size;
  if (later) job.image.rewind();
  TRY(verify(job, *written, wait));
  copied.verifying = BootTime::now() - began - copied.writing;
  return copied;
}

}  // namespace assay::drivers
