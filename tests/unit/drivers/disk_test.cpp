// Writing disk images: onto a file in a disk's place, with the real decompressors.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "base/file.hpp"
#include "base/process.hpp"
#include "drivers/disk/copy.hpp"
#include "drivers/driver.hpp"

namespace assay::drivers {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

constexpr std::size_t mega = 1 << 20;

// Neither zeros nor anything that compresses well, and the same each time.
Bytes noise(std::size_t size, std::uint32_t seed = 1) {
  std::mt19937_64 random(seed);
  Bytes bytes(size + sizeof(std::uint64_t));
  for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

Bytes xz(const Bytes& plain, std::uint32_t preset = 1) {
  Bytes out(lzma_stream_buffer_bound(plain.size()));
  std::size_t size = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(preset, LZMA_CHECK_CRC64, nullptr, plain.data(), plain.size(),
                                    out.data(), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

Bytes zst(const Bytes& plain) {
  Bytes out(ZSTD_compressBound(plain.size()));
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 1));
  return out;
}

Bytes gz(const Bytes& plain) {
  z_stream stream{};
  constexpr int gzip_only = 16 + MAX_WBITS;
  EXPECT_EQ(deflateInit2(&stream, 1, Z_DEFLATED, gzip_only, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Bytes out(deflateBound(&stream, plain.size()));
  stream.next_in = const_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class DiskTest : public testing::Test {
 protected:
  DiskTest() { disk(8 * mega); }

  [[nodiscard]] std::filesystem::path at(const std::string& name) const {
    return folder.path() / name;
  }
  // What the disk held before is not zeros.
  void disk(std::size_t size) {
    before = noise(size, 7);
    EXPECT_TRUE(write_file(at("disk"), before));
  }
  [[nodiscard]] Bytes on_disk() const { return read_file(at("disk"), 64 * mega).value_or(Bytes()); }
  std::unique_ptr<abilities::Device> driver(Json more = Json::object()) {
    more["file"] = at("disk").string();
    auto made = make_driver({"disk", more.dump(), "", nullptr});
    EXPECT_TRUE(made) << made.error().text;
    return made ? std::move(*made) : nullptr;
  }
  Result<> write(const std::string& name, const Bytes& file, abilities::FlashJob job = {}) {
    EXPECT_TRUE(write_file(at(name), file));
    job.file = at(name);
    device = driver();
    return device->flash()->write({1, Wait::for_(std::chrono::seconds(60))}, job);
  }
  std::string fault(const std::string& name, const Bytes& file, abilities::FlashJob job = {}) {
    const auto done = write(name, file, std::move(job));
    return done ? "no error" : done.error().text;
  }
  // The image at `base`, and everything else as it was.
  void expect_written(const Bytes& image, std::size_t base = 0) {
    Bytes want = before;
    std::ranges::copy(image, want.begin() + static_cast<std::ptrdiff_t>(base));
    EXPECT_TRUE(on_disk() == want);
  }

  TempFolder folder = *TempFolder::make("disk-test-");
  Bytes before;
  std::unique_ptr<abilities::Device> device;
};

TEST_F(DiskTest, RawImageIsWrittenAndWhatIsBehindItStays) {
  const auto image = noise(5 * mega + 512);
  ASSERT_TRUE(write("card.img", image));
  expect_written(image);
  EXPECT_THAT(device->about("flash"), HasSubstr("; 5243392 of 5243392 bytes written in "));
  EXPECT_THAT(device->about("flash"), HasSubstr(", the same by SHA-256"));
}

TEST_F(DiskTest, TellsHowFarItIs) {
  const auto image = noise(5 * mega);
  ASSERT_TRUE(write_file(at("card.img"), image));
  std::vector<abilities::Progress> told;
  const abilities::Order with{1, Wait::for_(std::chrono::seconds(60)),
                              [&](const abilities::Progress& now) { told.push_back(now); }};
  ASSERT_TRUE(driver()->flash()->write(with, {.file = at("card.img")}));
  std::map<std::string, std::uint64_t> last;
  for (const auto& one : told) {
    EXPECT_EQ(one.total, image.size());
    EXPECT_GE(one.done, last[one.doing]);  // never backwards
    last[one.doing] = one.done;
  }
  EXPECT_EQ(last["writing"], image.size());
  EXPECT_EQ(last["reading back"], image.size());
}

TEST_F(DiskTest, ImageOfNoWholeBlocksIsWrittenToItsLastByte) {
  const auto image = noise(3 * mega + 17);
  ASSERT_TRUE(write("card.img", image));
  expect_written(image);
}

TEST_F(DiskTest, ZerosReplaceWhatWasThere) {
  Bytes image(6 * mega);
  image.back() = 1;
  ASSERT_TRUE(write("card.img", image));
  expect_written(image);
}

TEST_F(DiskTest, CompressedImagesAreDecompressedOnTheWay) {
  auto image = noise(3 * mega);
  image.resize(7 * mega);
  for (const auto& [name, file] :
       {std::pair{"card.img.xz", xz(image)}, std::pair{"card.wic.zst", zst(image)},
        std::pair{"card.img.gz", gz(image)}}) {
    disk(8 * mega);
    EXPECT_EQ(fault(name, file), "no error") << name;
    expect_written(image);
  }
}

TEST_F(DiskTest, FilesOfSeveralStreamsAreReadToTheirEnd) {
  const auto first = noise(mega, 3), second = noise(mega + 100, 4);
  Bytes image = first;
  image.insert(image.end(), second.begin(), second.end());
  const auto both = [&](auto compress) {
    Bytes file = compress(first);
    const Bytes more = compress(second);
    file.insert(file.end(), more.begin(), more.end());
    return file;
  };
  const auto to_xz = [](const Bytes& b) { return xz(b); };
  for (const auto& [name, file] : {std::pair{"a.xz", both(to_xz)}, std::pair{"a.zst", both(zst)},
                                   std::pair{"a.gz", both(gz)}}) {
    disk(8 * mega);
    EXPECT_EQ(fault(name, file), "no error") << name;
    expect_written(image);
  }
}

TEST_F(DiskTest, CompressedFilesThatAreCutShortOrDamagedAreTold) {
  const auto image = noise(2 * mega);
  const auto cut = [](Bytes file) {
    file.resize(file.size() - 9);
    return file;
  };
  const auto bent = [](Bytes file) {
    file[file.size() / 2] ^= 0x40;
    return file;
  };
  for (const auto& [name, file] : {std::pair{"a.xz", xz(image)}, std::pair{"a.zst", zst(image)},
                                   std::pair{"a.gz", gz(image)}}) {
    EXPECT_EQ(fault(name, cut(file)), std::string(name) + ": ends in the middle: it was cut short");
    if (std::string(name) != "a.zst") {  // which carries no checksum unless asked to
      EXPECT_THAT(fault(name, bent(file)), HasSubstr(std::string(name) + ": is damaged: "));
    }
    EXPECT_THAT(fault(name, noise(5000)), HasSubstr(" but is none"));
    EXPECT_EQ(write(name, cut(file)).error().cause, Cause::invalid);
  }
}

TEST_F(DiskTest, NamesThatDoNotSayThatTheFileIsCompressedAreRefused) {
  EXPECT_EQ(fault("card.img", xz(noise(1000))),
            "card.img: is compressed, but its name does not say so: call it card.img.xz");
  EXPECT_EQ(fault("card.bin", zst(noise(1000))),
            "card.bin: is compressed, but its name does not say so: call it card.bin.zst");
  EXPECT_EQ(fault("card.img", {'P', 'K', 3, 4, 5, 6, 7, 8}),
            "card.img: is compressed, but its name does not say so: it is a .zip, and only .xz, "
            ".zst and .gz are taken");
  EXPECT_EQ(fault("card.img", {}), "card.img: is empty");
  EXPECT_TRUE(on_disk() == before);
}

TEST_F(DiskTest, DiskThatIsTooSmallIsRefusedBeforeItIsTouched) {
  const auto done = write("card.img", noise(8 * mega + 1));
  EXPECT_EQ(done.error().text, "file " + at("disk").string() +
                                   ", 8.0 MiB: too small: the image has 8388609 bytes, and there "
                                   "is room for 8388608 bytes");
  EXPECT_EQ(done.error().cause, Cause::device);
  EXPECT_TRUE(on_disk() == before);
}

TEST_F(DiskTest, BombNeverWritesPastTheDisk) {
  // A few kB that become a gigabyte, in a disk's file that could grow.
  EXPECT_THAT(fault("bomb.xz", xz(Bytes(40 * mega))),
              HasSubstr("too small: the image has more bytes than that"));
  EXPECT_EQ(std::filesystem::file_size(at("disk")), 8 * mega);
  EXPECT_THAT(fault("bomb.gz", gz(Bytes(40 * mega))), HasSubstr("too small"));
  EXPECT_EQ(std::filesystem::file_size(at("disk")), 8 * mega);
}

TEST_F(DiskTest, SlotBoundsTheImage) {
  const auto image = noise(mega);
  ASSERT_TRUE(write("rootfs.ext4", image, {.file = {}, .address = 2 * mega, .erase_size = mega}));
  expect_written(image, 2 * mega);
  EXPECT_THAT(
      fault("rootfs.ext4", noise(mega + 1), {.file = {}, .address = 2 * mega, .erase_size = mega}),
      HasSubstr("too small: the image has 1048577 bytes, and there is room for 1048576"));
}

TEST_F(DiskTest, DiskThatForgetsIsFoundOut) {
  // While the last piece is read, the first one on the disk loses a bit: by then it
  // has been written, as no more than three are under way.
  class Stream final : public ImageStream {
   public:
    Stream(std::filesystem::path disk, bool rewinds) : disk_(std::move(disk)), rewinds_(rewinds) {}
    Result<std::size_t> read(std::span<std::uint8_t> into) override {
      if (left_-- == 0) return 0;
      std::ranges::fill(into, std::uint8_t{0x55});
      if (left_ != 0 || done_) return into.size();
      done_ = true;
      const UniqueFd fd(open(disk_.c_str(), O_RDWR | O_CLOEXEC));
      const Bytes other{0x54};
      TRY(write_at(fd.get(), other, 100, "disk"));
      return into.size();
    }
    bool rewind() override {
      left_ = 8;
      return rewinds_;
    }
    std::uint64_t read_so_far() const override { return 0; }

   private:
    const std::filesystem::path disk_;
    const bool rewinds_;
    bool done_ = false;
    int left_ = 8;
  };
  for (const bool rewinds : {false, true}) {
    disk(32 * mega);
    Stream stream(at("disk"), rewinds);
    auto target = Target::open({.file = at("disk").string()}, Target::For::writing);
    ASSERT_TRUE(target);
    const auto done = copy({.image = stream, .target = *target, .room = target->size()},
                           Wait::for_(std::chrono::seconds(60)));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().cause, Cause::device);
    EXPECT_EQ(
        done.error().text,
        "file " + at("disk").string() +
            ", 32.0 MiB: bytes 0 to 4194303 read back differently from what was written there "
            "(SHA-256): the card is worn, or not as large as it says");
  }
}

TEST_F(DiskTest, WaitsForTheDiskToCome) {
  std::filesystem::rename(at("disk"), at("elsewhere"));
  const auto image = noise(mega);
  ASSERT_TRUE(write_file(at("card.img"), image));
  // It comes as from a mux: at any time, in one go.
  std::jthread mux([this] {
    std::filesystem::create_directories(at("x"));
    std::filesystem::rename(at("elsewhere"), at("disk"));
  });
  EXPECT_EQ(fault("card.img", image), "no error");
  expect_written(image);
}

TEST_F(DiskTest, DiskThatDoesNotComeIsMissed) {
  std::filesystem::remove(at("disk"));
  device = driver({{"appears_ms", 20}});
  ASSERT_TRUE(write_file(at("card.img"), noise(1000)));
  const auto done =
      device->flash()->write({1, Wait::for_(std::chrono::seconds(60))}, {.file = at("card.img")});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text,
              HasSubstr("the file " + at("disk").string() + " is not there (waited "));
  EXPECT_EQ(done.error().cause, Cause::device);
  // Which is no fault of the lab by itself: it may be with the board.
  EXPECT_EQ(device->check("flash", {1, Wait::for_(std::chrono::seconds(1))}).value(),
            abilities::Health::unproven);
}

TEST_F(DiskTest, DiskFileIsNoDevice) {
  std::filesystem::remove(at("disk"));
  std::filesystem::create_symlink("/dev/null", at("disk"));
  EXPECT_EQ(fault("card.img", noise(1000)),
            at("disk").string() + " is no file: name a disk by 'port', 'serial' or 'path'");
}

TEST_F(DiskTest, ReadsWhatIsThere) {
  device = driver();
  const auto read = device->flash()->read({1, Wait::for_(std::chrono::seconds(60))}, 100, 1000);
  ASSERT_TRUE(read && *read);
  EXPECT_TRUE(std::equal((*read)->begin(), (*read)->end(), before.begin() + 100));
}

// A map of blocks of 4 KiB.
class BlockMapTest : public DiskTest {
 protected:
  static std::string range(const Bytes& image, std::size_t first, std::size_t last) {
    const auto end = std::min((last + 1) * 4096, image.size());
    const ByteView bytes = ByteView(image).subspan(first * 4096, end - first * 4096);
    return fmt::format("<Range chksum=\"{}\"> {}{} </Range>\n", to_hex(sha256(bytes)), first,
                       first == last ? "" : fmt::format("-{}", last));
  }
  static std::string map_of(std::size_t size, const std::string& ranges) {
    const std::string zeros(64, '0');
    std::string text = fmt::format(
        "<?xml version=\"1.0\" ?>\n<!-- comment -->\n<bmap version=\"2.0\">\n"
        "<ImageSize> {} </ImageSize>\n<BlockSize> 4096 </BlockSize>\n"
        "<ChecksumType> sha256 </ChecksumType>\n<BmapFileChecksum> {} </BmapFileChecksum>\n"
        "<BlockMap>\n{}</BlockMap>\n</bmap>\n",
        size, zeros, ranges);
    const auto sum = to_hex(sha256(as_bytes(text)));
    return text.replace(text.find(zeros), 64, sum);
  }
  std::string fault_by_map(const std::string& name, const Bytes& file, const std::string& map) {
    EXPECT_TRUE(write_file(at("card.bmap"), as_bytes(map)));
    return fault(name, file, {.file = {}, .map = at("card.bmap")});
  }
};

TEST_F(BlockMapTest, WritesOnlyWhatItMaps) {
  const auto image = noise(5 * mega + 100);
  const auto map =
      map_of(image.size(), range(image, 0, 0) + range(image, 3, 700) + range(image, 1280, 1280));
  for (const auto& [name, file] :
       {std::pair{"card.img", image}, std::pair{"card.img.xz", xz(image)}}) {
    disk(8 * mega);
    EXPECT_EQ(fault_by_map(name, file, map), "no error");
    Bytes want = before;
    const auto take = [&](std::size_t from, std::size_t to) {
      std::copy(image.begin() + static_cast<std::ptrdiff_t>(from),
                image.begin() + static_cast<std::ptrdiff_t>(to),
                want.begin() + static_cast<std::ptrdiff_t>(from));
    };
    take(0, 4096);
    take(3 * 4096, 701 * 4096);
    take(1280 * 4096, image.size());
    EXPECT_TRUE(on_disk() == want);
    EXPECT_THAT(
        device->about("flash"),
        HasSubstr(fmt::format("; {} of {} bytes written", 4096 + 698 * 4096 + 100, image.size())));
  }
}

TEST_F(BlockMapTest, ImageOfAnotherBuildIsFoundOut) {
  const auto image = noise(mega), other = noise(mega, 9);
  EXPECT_EQ(fault_by_map("card.img", other, map_of(mega, range(image, 2, 3))),
            "bytes 8192 to 16383 of the image are not what its block map says: they are not of one "
            "build, or the image is damaged");
  EXPECT_EQ(fault_by_map("card.img", image, map_of(mega + 1, range(image, 2, 3))),
            "the image has 1048576 bytes, but its block map is of one that has 1048577");
  EXPECT_EQ(fault_by_map("card.img.gz", gz(image),
                         map_of(2 * mega, range(image, 2, 3) + "<Range> 300 </Range>")),
            "the image ends at byte 1048576, but its block map says that it has 2097152");
}

TEST_F(BlockMapTest, MapsThatMakeNoSenseAreRefused) {
  const auto wrong = [](const std::string& text) {
    const auto map = parse_block_map(text, "card.bmap");
    return map ? "no error" : map.error().text;
  };
  const auto image = noise(mega);
  EXPECT_THAT(wrong("<bmap"), HasSubstr("card.bmap: is no block map: "));
  EXPECT_EQ(wrong("<other/>"), "card.bmap: is no block map: <bmap> is missing");
  EXPECT_EQ(wrong("<bmap version='3.0'/>"),
            "card.bmap: its version '3.0' is not known: 1 and 2 are");
  EXPECT_EQ(wrong(map_of(mega, "<Range> 5-2 </Range>")),
            "card.bmap: its range '5-2' makes no sense: outside the image, or out of order");
  EXPECT_EQ(wrong(map_of(mega, "<Range> 5 </Range><Range> 5-6 </Range>")),
            "card.bmap: its range '5-6' makes no sense: outside the image, or out of order");
  EXPECT_EQ(wrong(map_of(mega, "<Range> 0-256 </Range>")),
            "card.bmap: its range '0-256' makes no sense: outside the image, or out of order");
  EXPECT_EQ(wrong(map_of(mega, "")), "card.bmap: maps no block at all");
  EXPECT_EQ(wrong(map_of(0, range(image, 0, 1))), "card.bmap: its ImageSize makes no sense");
  auto bent = map_of(mega, range(image, 0, 1));
  bent.replace(bent.find(" 0-1 "), 5, " 0-2 ");
  EXPECT_EQ(wrong(bent), "card.bmap: is damaged: its own checksum does not fit");
  EXPECT_EQ(wrong(map_of(mega, "<Range chksum=\"12\"> 0 </Range>")),
            "card.bmap: the checksum of its range '0' is no SHA-256");
}

TEST(DiskSettings, SayWhichDisk) {
  const auto refusal = [](const Json& settings) {
    const auto made = make_driver({"disk", settings.dump(), "", nullptr});
    return made ? "no error" : made.error().text;
  };
  const std::string which =
      "driver disk: give 'port', 'serial' or 'path' of a disk, or 'file' and none of them";
  EXPECT_EQ(refusal(Json::object()), which);
  EXPECT_EQ(refusal({{"file", "/x"}, {"port", "1-1"}}), which);
  EXPECT_EQ(refusal({{"path", "/dev/sdb"}}),
            "driver disk: 'path' is /dev/sdb, which may be another disk tomorrow: name it by a "
            "link below /dev/disk/by-id or /dev/disk/by-path");
}

}  // namespace
}  // namespace assay::drivers
