// A model as the kernel's vhci_hcd talks to it. That the real one does is tests/usb_vm's.
#include "virtual_usb/usbip.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "virtual_usb/ftdi.hpp"
#include "virtual_usb/ykush.hpp"

namespace assay::virtual_usb {
namespace {

Wait soon() {
  return Wait::for_(std::chrono::seconds(20));
}

void put_big(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

class UsbipTest : public testing::Test {
 protected:
  void serve(std::shared_ptr<Model> model) {
    auto [kernels, ours] = make_socket_pair().value();
    kernel_ = std::move(kernels);
    usbip_ = std::make_unique<Usbip>(std::move(model), models, std::move(ours));
    server_ = std::jthread([this] { served = usbip_->serve(soon()); });
  }
  void hang_up() {
    kernel_.reset();
    server_.join();
  }

  void send(std::uint32_t command, std::uint32_t number, bool in, std::uint32_t endpoint,
            std::uint32_t first, std::uint32_t length, ByteView setup, ByteView out) {
    Bytes message;
    for (const std::uint32_t word :
         {command, number, 0x10001U, in ? 1U : 0U, endpoint, first, length, 0U, 0U, 0U})
      put_big(message, word);
    message.insert(message.end(), setup.begin(), setup.end());
    message.resize(48);
    message.insert(message.end(), out.begin(), out.end());
    ASSERT_TRUE(write_all(kernel_.get(), message, soon()));
  }
  void submit_in(std::uint32_t number, std::uint32_t endpoint, std::uint32_t length,
                 ByteView setup = {}) {
    send(1, number, true, endpoint, 0, length, setup, {});
  }
  void submit_out(std::uint32_t number, std::uint32_t endpoint, ByteView out, ByteView setup = {}) {
    send(1, number, false, endpoint, 0, static_cast<std::uint32_t>(out.size()), setup, out);
  }
  void unlink(std::uint32_t number, std::uint32_t other) {
    send(2, number, false, 0, other, 0, {}, {});
  }
  // "3 7 status 0 length 4 01020304": command and number, then what it says.
  std::string answer(std::size_t bytes = 0) {
    Bytes message(48 + bytes);
    for (std::size_t done = 0; done < message.size();) {
      const auto got = read_some(kernel_.get(), std::span(message).subspan(done), soon());
      if (!got || *got == 0) return "none";
      done += *got;
    }
    const auto word = [&](std::size_t at) {
      return message[at] << 24 | message[at + 1] << 16 | message[at + 2] << 8 | message[at + 3];
    };
    return fmt::format("{} {} status {} length {} {}", word(0), word(4), word(20), word(24),
                       to_hex(ByteView(message).subspan(48)));
  }

  const std::shared_ptr<std::recursive_mutex> models = std::make_shared<std::recursive_mutex>();
  Result<> served;

 private:
  UniqueFd kernel_;
  std::unique_ptr<Usbip> usbip_;
  std::jthread server_;
};

TEST_F(UsbipTest, ControlTransfersOfBothDirections) {
  const auto chip = std::make_shared<FtdiChip>("F1");
  serve(chip);
  submit_in(7, 0, 4, Bytes{0x80, 6, 0, 1, 0, 0, 4, 0});  // of the device descriptor
  EXPECT_EQ(answer(4), "3 7 status 0 length 4 12010002");
  submit_out(8, 0, {}, Bytes{0x40, 3, 0x1A, 0, 0, 0, 0, 0});
  EXPECT_EQ(answer(), "3 8 status 0 length 0 ");
  submit_in(9, 0, 4, Bytes{0xC0, 0x90, 0, 0, 0, 0, 2, 0});
  EXPECT_EQ(answer(), "3 9 status -32 length 0 ");  // EPIPE
  hang_up();
  EXPECT_TRUE(served);
  EXPECT_EQ(chip->divisor, 0x1AU);
}

TEST_F(UsbipTest, AnEndpointThatHasNothingAnswersLater) {
  serve(std::make_shared<Ykush>(Ykush::ykush));
  submit_in(1, 1, 64);
  submit_in(2, 1, 64);
  submit_out(3, 1, Bytes(64, 0x21));  // is port 1 on?
  EXPECT_EQ(answer(), "3 3 status 0 length 64 ");
  EXPECT_EQ(answer(64).substr(0, 27), "3 1 status 0 length 64 0111");
  // The second one still waits: it is taken back.
  unlink(4, 2);
  EXPECT_EQ(answer(), "4 4 status -104 length 0 ");  // ECONNRESET
  unlink(5, 1);                                      // which was answered
  EXPECT_EQ(answer(), "4 5 status 0 length 0 ");
}

TEST_F(UsbipTest, WhatAModelGetsByAnotherThreadIsSent) {
  const auto chip = std::make_shared<FtdiChip>("F1");
  std::string heard;
  chip->on_sent = [&](ByteView bytes) { heard += as_text(bytes); };
  serve(chip);
  submit_in(1, 1, 512);
  submit_out(2, 2, as_bytes("up?"));
  EXPECT_EQ(answer(), "3 2 status 0 length 3 ");
  {
    const std::lock_guard lock(*models);
    EXPECT_EQ(heard, "up?");
    chip->say(as_bytes("yes"));
  }
  EXPECT_EQ(answer(5), "3 1 status 0 length 5 0160796573");
}

TEST_F(UsbipTest, APacketHoldsSixtyFourBytesWithItsStatus) {
  const auto chip = std::make_shared<FtdiChip>("F1");
  chip->say(Bytes(70, 'x'));
  serve(chip);
  submit_in(1, 1, 512);
  EXPECT_EQ(answer(64).substr(0, 30), "3 1 status 0 length 64 0160787");
  submit_in(2, 1, 512);
  EXPECT_EQ(answer(10), "3 2 status 0 length 10 01607878787878787878");
}

TEST_F(UsbipTest, WhatIsNoUsbOverIpEndsIt) {
  serve(std::make_shared<Ykush>(Ykush::ykush));
  send(9, 1, false, 0, 0, 0, {}, {});
  hang_up();
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().text, "USB over IP: there is no command 9");
}

TEST_F(UsbipTest, ATransferThatNoDeviceHasEndsIt) {
  serve(std::make_shared<Ykush>(Ykush::ykush));
  submit_in(1, 16, 64);
  hang_up();
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().text, "USB over IP: a transfer of 64 bytes by endpoint 16");
}

}  // namespace
}  // namespace assay::virtual_usb
