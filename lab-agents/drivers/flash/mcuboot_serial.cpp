// The driver `mcuboot-serial`: one image through MCUboot's serial recovery, by SMP.
// {"path", "baud", "image", "ask-program"?, "enter"?, "timeout_ms"}
//
// No tool: lab-agents/protocols speaks SMP. The port is opened for one operation, and
// another program (a console) may not have it meanwhile. The bytes are never judged
// here: what the bootloader refuses is the product's matter (Cause::guest).
#include "base/text.hpp"
#include "drivers/flash/kinds.hpp"
#include "drivers/flash/loader.hpp"
#include "drivers/serial_port.hpp"
#include "images/mcuboot.hpp"
#include "protocols/smp.hpp"

namespace assay::drivers {

namespace {

using abilities::FlashJob;
using abilities::Health;
using abilities::Order;
using images::Segments;

constexpr Duration patience = std::chrono::seconds(1);  // for one answer of a bootloader
constexpr Duration boots_within = std::chrono::seconds(15);
constexpr std::size_t digits = 12;  // of a hash, in a sentence
constexpr int into_bootloader = 1;  // Zephyr's "boot mode" of that meaning

// SMP on a port that nobody else reads.
class PortTransport final : public smp::Transport {
 public:
  explicit PortTransport(UniqueFd port) : port_(std::move(port)) {}

  Result<> send(ByteView packet, const Wait& wait) override {
    return write_all(port_.get(), smp::encode_frame(packet), wait);
  }
  Result<Bytes> receive(const Wait& wait) override {
    while (true) {
      if (auto packet = demux_.next_packet()) return *std::move(packet);
      std::array<std::uint8_t, 4096> piece;
      const auto n = TRY(read_some(port_.get(), piece, wait));
      if (n == 0) return fail(Cause::device, "the serial port went away");
      demux_.feed({piece.data(), n});
      (void)demux_.take_text();  // what a program or a bootloader logs
    }
  }

 private:
  UniqueFd port_;
  smp::Demux demux_;
};

class McubootSerial final : public LoaderTool {
 public:
  struct Settings {
    SerialSettings port;
    std::uint32_t image = 0;
    bool ask_program = false;
    Duration timeout{};
  };
  explicit McubootSerial(Settings settings) : settings_(std::move(settings)) {}

  std::string about() const override {
    return fmt::format("MCUboot's serial recovery, {}{}", settings_.port.path.string(), listed_);
  }

  Result<Health> check(const Order&) override { return check_port(settings_.port.path); }

  Result<> program(const FlashJob& job, const Segments& segments, const TempFolder&,
                   const Order& order) override {
    const auto done = upload(job, segments, order);
    if (done) return done;
    return tl::unexpected(done.error().in(settings_.port.path.string()));
  }

 private:
  Result<> upload(const FlashJob& job, const Segments& segments, const Order& order) {
    listed_.clear();
    const auto size = segments.end() - segments.lowest();
    const auto image = TRY(segments.flatten(segments.lowest(), size, job.erased));
    const Wait wait = order.wait.at_most(settings_.timeout);
    PortTransport port(TRY(open_serial(settings_.port)));
    smp::Client client(port, {.answer_within = patience});
    if (settings_.ask_program) {
      TRY(await_answer(port, "program", wait));  // it may have been switched on just now
      TRY(client.reset(wait, into_bootloader));
    }
    TRY(await_answer(port, "bootloader", wait));
    TRY(client.upload(image,
                      {.image = settings_.image,
                       .progress =
                           [&](std::size_t done, std::size_t all) {
                             order.tell({"writing", done, all});
                           }},
                      wait));
    TRY(compare(client, image, wait));
    return client.reset(wait);
  }

  // It answers once it has started, and it may be about to.
  static Result<> await_answer(PortTransport& port, std::string_view who, const Wait& wait) {
    const int attempts = static_cast<int>(boots_within / patience);
    smp::Client patient(port, {.answer_within = patience, .attempts = attempts});
    const auto answered = patient.images(wait);
    if (answered || answered.error().cause == Cause::guest) return {};  // it speaks SMP
    if (answered.error().cause != Cause::timeout) return tl::unexpected(answered.error());
    return fail(wait.until.passed() ? Cause::timeout : Cause::device,
                "no {} answers there by SMP: is the board in serial recovery ('enter', "
                "'ask-program'), is the port the right one?",
                who);
  }

  // Where the bootloader tells hashes. One that does not list the image at all found it
  // invalid, which the next boot is to show.
  Result<> compare(smp::Client& client, const Bytes& image, const Wait& wait) {
    const auto own = images::parse_mcuboot(image);
    if (!own || own->stored_hash.empty()) return {};
    const auto slots = client.images(wait);
    if (!slots && slots.error().cause == Cause::guest) return {};
    TRY(slots);
    std::string others;
    for (const auto& slot : *slots) {
      if (slot.hash.empty()) continue;
      if (slot.hash == own->stored_hash) {
        listed_ = ", which lists " + to_hex(slot.hash).substr(0, digits);
        return {};
      }
      others += (others.empty() ? "" : ", ") + to_hex(slot.hash).substr(0, digits);
    }
    if (others.empty()) return {};
    return fail(Cause::device, "the bootloader lists {}... instead of {}... after the upload",
                others, to_hex(own->stored_hash).substr(0, digits));
  }

  const Settings settings_;
  std::string listed_;  // ", which lists 5d0c...": after the last upload
};

}  // namespace

Made make_mcuboot_serial(const DriverSetup&, const Json& params) {
  TRY(only_keys(params, {"path", "baud", "image", "ask-program", "enter", "timeout_ms"}));
  McubootSerial::Settings settings;
  settings.port.path = TRY(text_param(params, "path", ""));
  if (settings.port.path.empty()) return fail(Cause::invalid, "'path' is needed");
  settings.port.baud = TRY(number_param(params, "baud", 115'200));
  TRY(check_baud(settings.port.baud));
  settings.image = static_cast<std::uint32_t>(TRY(range_param(params, "image", 0, 15, 0)));
  settings.ask_program = TRY(flag_param(params, "ask-program"));
  settings.timeout = TRY(duration_param(params, "timeout", std::chrono::seconds(120)));
  return make_loader_flasher(std::make_unique<McubootSerial>(std::move(settings)),
                             TRY(words_param(params, "enter")));
}

}  // namespace assay::drivers
