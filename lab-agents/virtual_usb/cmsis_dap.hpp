// A CMSIS-DAP v2 debug probe: bulk packets, a debug port behind them.
// Source: "CMSIS-DAP" of Arm's CMSIS documentation: firmware version 2.1, USB
// bulk endpoints, commands 0x00 to 0x1D as far as SWD needs them.
#pragma once

#include <deque>
#include <string>

#include "virtual_usb/debug_port.hpp"
#include "virtual_usb/model.hpp"

namespace assay::virtual_usb {

class CmsisDap final : public Model {
 public:
  // `serial` is what tools call the probe's unique id.
  CmsisDap(std::string serial, DebugTarget&);

  Answer out(std::uint8_t endpoint, ByteView) override;
  Answer in(std::uint8_t endpoint, std::size_t length) override;

  // In Hz; at a faster clock the chip understands nothing (a long cable).
  std::uint32_t works_up_to = UINT32_MAX;

 private:
  Bytes answer(ByteView command);
  Bytes info(std::uint8_t id) const;
  Bytes transfer(ByteView command);
  Bytes transfer_block(ByteView command);
  Bytes pins(ByteView command);

  DebugTarget& target_;
  DebugPort port_;
  std::uint32_t match_mask_ = 0xFFFFFFFF;
  std::uint16_t match_retries_ = 0;
  std::uint32_t clock_ = 0;
  std::deque<Bytes> answers_;
};

}  // namespace assay::virtual_usb
