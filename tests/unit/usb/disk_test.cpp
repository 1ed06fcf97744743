// Which disk is written, and which are refused: emulated block devices on USB.
#include "drivers/disk/target.hpp"

#include <thread>

#include "base/file.hpp"
#include "mux_fixture.hpp"

namespace assay::usb_test {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t sectors = 4096;

class DiskTest : public MuxTest {
 protected:
  DiskTest() { EXPECT_TRUE(write_file(image, bytes)); }

  void reader(const std::string& port, virtual_usb::StorageFacts facts = {},
              const std::string& serial = "0001") {
    plug<CardReader>(port, std::uint16_t{0x0424}, std::uint16_t{0x4050}, serial);
    if (facts.disk.empty()) facts.disk = "sdb";
    if (facts.model.empty()) facts.model = "SD Reader";
    if (facts.sectors == 0) facts.sectors = sectors;
    add(port, facts);
  }
  Result<> write(Json which) {
    which["appears_ms"] = 20;
    disk = make("disk", which);
    return disk->flash()->write(order(), {.file = image});
  }
  [[nodiscard]] bool written(const std::string& name) const {
    const auto now = read_file(bed.real_path("/dev/" + name), 16 << 20).value_or(Bytes());
    return now.size() >= bytes.size() && std::equal(bytes.begin(), bytes.end(), now.begin());
  }

  TempFolder folder = *TempFolder::make("disk-test-");
  const Bytes bytes = Bytes(300'000, 0xA5);
  const std::filesystem::path image = folder.path() / "card.img";
  std::unique_ptr<abilities::Device> disk;
};

TEST_F(DiskTest, TheOneAtThePortIsWrittenAndNoOther) {
  reader("1-2", {.disk = "sda"}, "0007");
  reader("1-4", {.disk = "sdb"}, "0007");
  EXPECT_EQ(error_of(write({{"port", "1-4"}})), "no error");
  EXPECT_TRUE(written("sdb"));
  EXPECT_FALSE(written("sda"));
  EXPECT_THAT(disk->about("flash"),
              HasSubstr("sdb (SD Reader at 1-4, serial 0007), 2.0 MiB; 300000 of 300000 bytes"));
}

TEST_F(DiskTest, OneThatIsNotThereIsNamedBesideThoseThatAre) {
  reader("1-2", {.disk = "sda"}, "0007");
  EXPECT_THAT(error_of(write({{"port", "1-4"}})),
              HasSubstr("the disk at USB port 1-4 is not attached; attached to USB: sda (SD Reader "
                        "at 1-2, serial 0007) (waited "));
  EXPECT_THAT(error_of(write({{"serial", "0008"}})),
              HasSubstr("the disk with serial number 0008 is not attached; attached to USB: sda"));
  // The right reader in the wrong place is the wrong reader.
  EXPECT_THAT(error_of(write({{"serial", "0007"}, {"port", "1-3"}})),
              HasSubstr("the disk at USB port 1-3 with serial number 0007 is not attached; "));
  EXPECT_FALSE(written("sda"));
}

TEST_F(DiskTest, TwoThatFitAreOneTooMany) {
  reader("1-2", {.disk = "sda"}, "0007");
  reader("1-4", {.disk = "sdb"}, "0007");
  EXPECT_EQ(error_of(write({{"serial", "0007"}})),
            "sda (SD Reader at 1-2, serial 0007) and sdb (SD Reader at 1-4, serial 0007) are "
            "both the disk with serial number 0007: name one of them by 'path:' "
            "(/dev/disk/by-path/...)");
  EXPECT_FALSE(written("sda") || written("sdb"));
}

TEST_F(DiskTest, DiskInUseIsRefused) {
  reader("1-1", {.disk = "sdb", .partition = "sdb1", .holder = "dm-0"});
  EXPECT_EQ(error_of(write({{"port", "1-1"}})),
            "sdb (SD Reader at 1-1, serial 0001): is part of dm-0, so nothing is written to it");
  EXPECT_FALSE(written("sdb"));
  reader("1-2", {.disk = "sdc", .read_only = true});
  EXPECT_EQ(error_of(write({{"port", "1-2"}})),
            "sdc (SD Reader at 1-2, serial 0001): is write-protected: has the card a switch for "
            "it?");
}

TEST_F(DiskTest, MountsAndSwapsAreFoundByNumberAndByName) {
  reader("1-1", {.disk = "sdb", .partition = "sdb1"});
  const auto disks = drivers::storage("block");
  ASSERT_TRUE(disks);
  ASSERT_EQ(disks->size(), 1U);  // the partition is none
  const auto& sdb = disks->front();
  const auto number = drivers::attribute(sdb.folder + "/sdb1", "dev");
  const std::string other = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n";
  EXPECT_EQ(drivers::in_use(sdb, other, "Filename Type\n/dev/vda2 partition\n"), "");
  EXPECT_EQ(
      drivers::in_use(sdb, other + "30 22 " + number + " / /media/card rw - vfat /dev/x rw\n", ""),
      "is mounted at /media/card, so nothing is written to it: unmount it, and keep desktops "
      "from mounting it (udev: ENV{UDISKS_IGNORE}=\"1\")");
  // btrfs has numbers of its own.
  EXPECT_THAT(drivers::in_use(sdb, "30 22 0:41 / /media/b rw - btrfs /dev/sdb1 rw\n", ""),
              HasSubstr("is mounted at /media/b"));
  EXPECT_THAT(drivers::in_use(sdb, "30 22 0:41 / /media/b rw - btrfs /dev/sdb rw\n", ""),
              HasSubstr("is mounted at /media/b"));
  EXPECT_EQ(drivers::in_use(sdb, other, "Filename Type\n/dev/sdb1\tpartition\n"),
            "is swapped to, so nothing is written to it");
}

TEST_F(DiskTest, TooSmallDiskIsRefused) {
  reader("1-1", {.disk = "sdb", .sectors = 100});
  EXPECT_EQ(error_of(write({{"port", "1-1"}})),
            "sdb (SD Reader at 1-1, serial 0001), 50.0 KiB: too small: the image has 300000 bytes, "
            "and there is room for 51200 bytes");
}

TEST_F(DiskTest, DiskIsWaitedForUntilTheMuxBringsIt) {
  disk = make("disk", {{"port", "1-4"}, {"appears_ms", 30'000}});
  std::jthread mux([this] { reader("1-4"); });
  EXPECT_EQ(error_of(disk->flash()->write(order(), {.file = image})), "no error");
  EXPECT_TRUE(written("sdb"));
}

TEST_F(DiskTest, CardIsWaitedForInAReaderThatStays) {
  reader("1-4");
  bed.change_medium("1-4", 0);
  EXPECT_THAT(error_of(write({{"port", "1-4"}})),
              HasSubstr("the disk at USB port 1-4 is a reader without a card (waited "));
  disk = make("disk", {{"port", "1-4"}, {"appears_ms", 30'000}});
  std::jthread mux([this] { bed.change_medium("1-4", sectors); });
  EXPECT_EQ(error_of(disk->flash()->write(order(), {.file = image})), "no error");
  EXPECT_TRUE(written("sdb"));
}

TEST_F(DiskTest, LinkBelowDevDiskNamesIt) {
  reader("1-1");
  std::filesystem::create_directories(bed.real_path("/dev/disk/by-id"));
  std::filesystem::create_symlink("../../sdb", bed.real_path("/dev/disk/by-id/usb-card"));
  EXPECT_EQ(error_of(write({{"path", "/dev/disk/by-id/usb-card"}})), "no error");
  EXPECT_TRUE(written("sdb"));
  std::filesystem::create_symlink("../../sdx", bed.real_path("/dev/disk/by-id/usb-other"));
  EXPECT_THAT(error_of(write({{"path", "/dev/disk/by-id/usb-other"}})),
              HasSubstr("/dev/disk/by-id/usb-other is not there; attached to USB: sdb"));
}

}  // namespace
}  // namespace assay::usb_test
