#include "drivers/disk/decoder.hpp"

#include <fcntl.h>
#include <lzma.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/bytes.hpp"
#include "base/fd.hpp"
#include "base/text.hpp"

namespace assay::drivers {

namespace {

constexpr std::size_t piece = 256 << 10;
constexpr std::uint64_t most_memory = 160U << 20;
constexpr int zstd_window_log = 27;  // 128 MiB

class File {
 public:
  File(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  // Empty at the end.
  Result<ByteView> next() {
    buffer_.resize(piece);
    const auto n = TRY(fill(buffer_));
    return ByteView(buffer_).first(n);
  }
  Result<std::size_t> fill(std::span<std::uint8_t> into) {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t n = ::read(fd_.get(), into.data() + done, into.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno(name_);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    so_far_ += done;
    return done;
  }
  bool rewind() { return lseek(fd_.get(), 0, SEEK_SET) == 0; }
  [[nodiscard]] std::uint64_t so_far() const { return so_far_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  template <class... Args>
  tl::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(Cause::invalid, "{}: {}", name_, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  UniqueFd fd_;
  const std::string name_;
  Bytes buffer_;
  std::uint64_t so_far_ = 0;
};

class Raw final : public ImageStream {
 public:
  Raw(File file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  Result<std::size_t> read(std::span<std::uint8_t> into) override { return file_.fill(into); }
  std::optional<std::uint64_t> size() const override { return size_; }
  bool rewind() override { return file_.rewind(); }
  std::uint64_t read_so_far() const override { return file_.so_far(); }

 private:
  File file_;
  const std::uint64_t size_;
};

// Input in pieces to output of any length; `step` of each format does the rest.
class Decoder : public ImageStream {
 public:
  explicit Decoder(File file) : file_(std::move(file)) {}

  Result<std::size_t> read(std::span<std::uint8_t> into) override {
    std::size_t done = 0;
    while (done < into.size() && !over_) {
      if (input_.empty() && !end_of_file_) {
        input_ = TRY(file_.next());
        end_of_file_ = input_.empty();
      }
      done += TRY(step(into.subspan(done)));
    }
    return done;
  }
  std::uint64_t read_so_far() const override { return file_.so_far(); }

 protected:
  // Takes from input_ and says how much it gave; sets over_ after the last byte.
  virtual Result<std::size_t> step(std::span<std::uint8_t> into) = 0;
  tl::unexpected<Error> cut_short() const {
    return file_.wrong("ends in the middle: it was cut short");
  }

  File file_;
  ByteView input_;
  bool end_of_file_ = false, over_ = false;
};

class Xz final : public Decoder {
 public:
  explicit Xz(File file) : Decoder(std::move(file)) {}
  ~Xz() override { lzma_end(&stream_); }
  Result<> start() {
    if (lzma_stream_decoder(&stream_, most_memory, LZMA_CONCATENATED) == LZMA_OK) return {};
    return fail(Cause::internal, "liblzma does not start");
  }

 private:
  Result<std::size_t> step(std::span<std::uint8_t> into) override {
    stream_.next_in = input_.data();
    stream_.avail_in = input_.size();
    stream_.next_out = into.data();
    stream_.avail_out = into.size();
    const auto code = lzma_code(&stream_, end_of_file_ ? LZMA_FINISH : LZMA_RUN);
    input_ = input_.last(stream_.avail_in);
    const auto given = into.size() - stream_.avail_out;
    if (code == LZMA_STREAM_END) over_ = true;
    if (code == LZMA_OK || code == LZMA_STREAM_END) return given;
    if (code == LZMA_BUF_ERROR) return end_of_file_ ? Result<std::size_t>(cut_short()) : given;
    if (code == LZMA_MEMLIMIT_ERROR) {
      return file_.wrong(
          "needs {} to be decompressed, more than {}: compress it with xz -9 or less",
          human_size(lzma_memusage(&stream_)), human_size(most_memory));
    }
    if (code == LZMA_FORMAT_ERROR) return file_.wrong("is called .xz but is none");
    return file_.wrong("is damaged: xz data is wrong near byte {}", file_.so_far());
  }
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

class Gzip final : public Decoder {
 public:
  explicit Gzip(File file) : Decoder(std::move(file)) {}
  ~Gzip() override { inflateEnd(&stream_); }
  Result<> start() {
    constexpr int gzip_only = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, gzip_only) == Z_OK) return {};
    return fail(Cause::internal, "zlib does not start");
  }

 private:
  Result<std::size_t> step(std::span<std::uint8_t> into) override {
    if (between_) {  // members
      if (input_.empty() && end_of_file_) {
        over_ = true;
        return 0;
      }
      inflateReset(&stream_);
      between_ = false;
    }
    stream_.next_in = const_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(input_.size());
    stream_.next_out = into.data();
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(into.size(), piece));
    const auto asked = stream_.avail_out;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    input_ = input_.last(stream_.avail_in);
    if (code == Z_STREAM_END) {
      between_ = true;
      first_ = false;
    } else if (code == Z_BUF_ERROR ||
               (code == Z_OK && end_of_file_ && stream_.avail_out == asked)) {
      if (end_of_file_) return cut_short();
    } else if (code != Z_OK) {
      if (first_ && file_.so_far() <= piece && stream_.total_out == 0)
        return file_.wrong("is called .gz but is none, or is damaged at its beginning");
      return file_.wrong("is damaged: gzip data is wrong near byte {}", file_.so_far());
    }
    return asked - stream_.avail_out;
  }
  z_stream stream_{};
  bool between_ = false, first_ = true;
};

class Zstd final : public Decoder {
 public:
  explicit Zstd(File file) : Decoder(std::move(file)), stream_(ZSTD_createDStream()) {}
  ~Zstd() override { ZSTD_freeDStream(stream_); }
  Result<> start() {
    if (stream_ != nullptr &&
        ZSTD_isError(ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, zstd_window_log)) == 0)
      return {};
    return fail(Cause::internal, "libzstd does not start");
  }

 private:
  Result<std::size_t> step(std::span<std::uint8_t> into) override {
    ZSTD_inBuffer in{input_.data(), input_.size(), 0};
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    const auto left = ZSTD_decompressStream(stream_, &out, &in);
    input_ = input_.subspan(in.pos);
    if (ZSTD_isError(left) != 0) {
      if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge)
        return file_.wrong(
            "needs a window of more than 128 MiB: compress it without --long or --ultra");
      if (file_.so_far() <= piece && out.pos == 0 && in.pos == 0)
        return file_.wrong("is called .zst but is none, or is damaged at its beginning");
      return file_.wrong("is damaged: zstd data is wrong near byte {} ({})", file_.so_far(),
                         ZSTD_getErrorName(left));
    }
    if (left == 0)
      within_ = false;
    else if (in.pos > 0)
      within_ = true;
    if (end_of_file_ && input_.empty() && out.pos < out.size) {
      if (within_) return cut_short();
      over_ = true;
    }
    return out.pos;
  }
  ZSTD_DStream* stream_;
  bool within_ = true;  // a frame
};

template <class D>
Result<std::unique_ptr<ImageStream>> started(File file) {
  auto decoder = std::make_unique<D>(std::move(file));
  TRY(decoder->start());
  return decoder;
}

// What begins so is no disk: neither a boot sector nor a partition table fits.
std::string_view compressed_as(ByteView head) {
  constexpr std::array<std::uint8_t, 6> xz{0xFD, '7', 'z', 'X', 'Z', 0};
  constexpr std::array<std::uint8_t, 4> zstd{0x28, 0xB5, 0x2F, 0xFD};
  constexpr std::array<std::uint8_t, 4> gzip{0x1F, 0x8B, 8, 8};  // with a file's name
  constexpr std::array<std::uint8_t, 4> zip{'P', 'K', 3, 4};
  constexpr std::array<std::uint8_t, 4> bzip2{'B', 'Z', 'h', '9'};
  const auto begins = [&](const auto& magic) {
    return head.size() >= magic.size() && std::equal(magic.begin(), magic.end(), head.begin());
  };
  return begins(xz)      ? ".xz"
         : begins(zstd)  ? ".zst"
         : begins(gzip)  ? ".gz"
         : begins(zip)   ? ".zip"
         : begins(bzip2) ? ".bz2"
                         : "";
}

}  // namespace

Result<std::unique_ptr<ImageStream>> open_image(const std::filesystem::path& path) {
  const std::string name = printable(path.filename().string());
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat facts {};
  if (!fd || fstat(fd.get(), &facts) != 0) return fail_errno(name, Cause::invalid);
  if (!S_ISREG(facts.st_mode)) return fail(Cause::invalid, "{}: is no file", name);
  if (facts.st_size == 0) return fail(Cause::invalid, "{}: is empty", name);
  (void)posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  std::array<std::uint8_t, 6> head{};
  const auto got = TRY(read_at(fd.get(), head, 0, name));
  File file(std::move(fd), name);
  const auto extension = path.extension();
  if (extension == ".xz") return started<Xz>(std::move(file));
  if (extension == ".gz") return started<Gzip>(std::move(file));
  if (extension == ".zst") return started<Zstd>(std::move(file));
  if (const auto as = compressed_as(ByteView(head).first(got)); !as.empty()) {
    return fail(Cause::invalid, "{}: is compressed, but its name does not say so: {}", name,
                as == ".zip" || as == ".bz2"
                    ? fmt::format("it is a {}, and only .xz, .zst and .gz are taken", as)
                    : fmt::format("call it {}{}", name, as));
  }
  return std::make_unique<Raw>(std::move(file), static_cast<std::uint64_t>(facts.st_size));
}

}  // namespace assay::drivers
