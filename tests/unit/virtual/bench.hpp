// A virtual board on a test's bench: the machine, what it said, and an SMP line
// to it, all on the test's thread.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "base/file.hpp"
#include "images/load.hpp"
#include "protocols/smp.hpp"
#include "virtual/zephyr_machine.hpp"

namespace assay::virt {

using namespace std::chrono_literals;

// What ./dev fetched and made: base.hex (v1 in slot 0), v1.bin, v2.bin.
inline std::filesystem::path firmware(std::string_view name) {
  const char* cache = std::getenv("ASSAY_CACHE");
  const std::filesystem::path root =
      cache != nullptr ? cache : std::filesystem::path(ASSAY_REPOSITORY) / ".cache";
  return root / "firmware" / name;
}

class Bench final : public smp::Transport {
 public:
  explicit Bench(std::filesystem::path hold = ZephyrSetup::default_hold_library())
      : folder_(TempFolder::make("assay-bench-").value()), hold_(std::move(hold)) {
    plug_in();
  }

  // As a device host that starts.
  void plug_in() {
    auto opened = ZephyrMachine::open(
        {.state_folder = folder_.path() / "board",
         .hold_library = hold_,
         .on_console = [this](BootTime, ByteView bytes) { hear(bytes); },
         .on_incident = [this](const auto& incident) { incidents.push_back(incident); }});
    ASSERT_TRUE(opened) << opened.error().text;
    machine_ = std::move(*opened);
  }
  void unplug() { machine_.reset(); }

  ZephyrMachine& machine() { return *machine_; }
  [[nodiscard]] std::filesystem::path state() const { return folder_.path() / "board"; }

  // One turn of a host's loop.
  Result<> turn(const Wait& wait) {
    std::vector<pollfd> fds;
    machine_->poll_fds(fds, false);
    TRY(wait_ready(fds, wait));
    machine_->on_ready(fds);
    return {};
  }
  bool until(const std::function<bool()>& done, Duration limit = 20s) {
    const Wait wait = Wait::for_(limit);
    while (!done()) {
      if (!turn(wait)) return false;
    }
    return true;
  }
  // Said since the last hear_anew()?
  bool says(std::string_view words, Duration limit = 20s) {
    return until([&] { return said.find(words) != std::string::npos; }, limit);
  }
  void hear_anew() { said.clear(); }

  Result<> send(ByteView packet, const Wait& wait) override {
    ++sent;
    if (lose_request && lose_request(sent)) return {};
    return machine_->write_console(smp::encode_frame(packet), wait);
  }
  Result<Bytes> receive(const Wait& wait) override {
    while (true) {
      if (auto packet = demux_.next_packet()) {
        ++received;
        if (lose_answer && lose_answer(received)) continue;
        return std::move(*packet);
      }
      TRY(turn(wait));
    }
  }

  images::Segments load(const std::filesystem::path& file, std::uint64_t at = 0) {
    auto segments = images::load(file, at);
    EXPECT_TRUE(segments) << segments.error().text;
    return segments ? *segments : images::Segments();
  }
  Result<> flash_base() {
    return machine_->write_flash(load(firmware("base.hex")), {.chip = true}, Wait::for_(20s));
  }
  Bytes whole_flash() {
    auto bytes = machine_->read_flash(0, ZephyrMachine::flash_size, Wait::for_(20s));
    EXPECT_TRUE(bytes) << bytes.error().text;
    return bytes ? *bytes : Bytes();
  }

  std::string said;
  std::vector<abilities::Incident> incidents;
  [[nodiscard]] std::uint64_t dropped() const { return demux_.dropped(); }

  int sent = 0, received = 0;
  std::function<bool(int)> lose_request, lose_answer;

 private:
  void hear(ByteView bytes) {
    demux_.feed(bytes);
    said += demux_.take_text();
  }

  TempFolder folder_;
  std::filesystem::path hold_;
  smp::Demux demux_;
  std::unique_ptr<ZephyrMachine> machine_;
};

}  // namespace assay::virt
