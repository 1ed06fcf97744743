// usb-vm-devices: USB devices without hardware in the guest's kernel, by lines on the
// standard input; each is answered with "ok ..." or "error ...", and what the devices do is told
// meanwhile.
//
//   plug PORT KIND        answers where: "ok 3-1". Kinds: makers below
//   pull PORT
//   state PORT            contacts or pins as a number; of an adapter, its divisor
//   weld PORT MASK        contacts of a dcttech that stay closed
//   say PORT TEXT         on a serial line, and a line feed
//   board RELAY N SERIAL  contact N of the dcttech at port RELAY powers what talks at port SERIAL
//
// Ends with its input, and pulls all out.
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "base/text.hpp"
#include "virtual_usb/dcttech.hpp"
#include "virtual_usb/energenie.hpp"
#include "virtual_usb/ftdi.hpp"
#include "virtual_usb/kernel_bus.hpp"
#include "virtual_usb/lcus_hid.hpp"
#include "virtual_usb/sainsmart16.hpp"
#include "virtual_usb/serial_adapters.hpp"
#include "virtual_usb/ucreatefun.hpp"
#include "virtual_usb/ykush.hpp"

namespace {

using namespace assay;
using namespace assay::virtual_usb;

void tell(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

struct Plugged {
  std::shared_ptr<Model> model;
  std::shared_ptr<SerialLine> line = nullptr;     // of serial adapters
  std::shared_ptr<DctTechRelay> relay = nullptr;  // of those
  std::function<unsigned long()> state;           // under the bus's lock
};

template <class M>
Plugged with(std::shared_ptr<M> model, auto state) {
  Plugged made{.model = model, .state = [model, state] { return model.get()->*state; }};
  if constexpr (std::is_base_of_v<SerialLine, M>) made.line = model;
  return made;
}

// Tells its board what it is told, and remembers which contacts it closed.
class Relay final : public DctTechRelay {
 public:
  using DctTechRelay::DctTechRelay;
  Answer control(const SetupPacket& setup, ByteView out) override {
    const auto before = closed;
    auto answer = DctTechRelay::control(setup, out);
    if (on_change && before != closed) on_change(before, closed);
    return answer;
  }
  std::function<void(unsigned before, unsigned now)> on_change;
};

// A Numato board on a modem's serial port: lines that end in CR, an echo, a prompt.
class Numato final : public CdcAcm {
 public:
  Numato() : CdcAcm(0x2a19, 0x0c01, "Numato Systems Pvt. Ltd.", "Numato Lab 4 Channel USB Relay") {
    on_sent = [this](ByteView bytes) {
      for (const auto byte : bytes) {
        line_ += static_cast<char>(byte);
        if (byte == '\r') obey(std::exchange(line_, ""));
      }
    };
  }
  unsigned closed = 0;

 private:
  void obey(std::string words) {
    words.pop_back();
    std::string answer;
    const unsigned bit = words.empty() ? 0 : 1U << (words.back() - '0');
    if (words.starts_with("relay on ")) closed |= bit;
    if (words.starts_with("relay off ")) closed &= ~bit;
    if (words.starts_with("relay read ")) answer = (closed & bit) != 0 ? "on\n\r" : "off\n\r";
    if (words == "id get") answer = "LAB-0007\n\r";
    say(as_bytes(words + "\n\r" + answer + ">"));
  }
  std::string line_;
};

// Devantech's, a byte a command.
class Devantech final : public CdcAcm {
 public:
  Devantech() : CdcAcm(0x04d8, 0xffee, "Devantech Ltd.", "USB-RLY08") {
    on_sent = [this](ByteView bytes) {
      for (const unsigned byte : bytes) {
        if (byte == 0x5B) say(Bytes{static_cast<std::uint8_t>(closed)});
        if (byte >= 0x65 && byte <= 0x6C) closed |= 1U << (byte - 0x65);
        if (byte >= 0x6F && byte <= 0x76) closed &= ~(1U << (byte - 0x6F));
      }
    };
  }
  unsigned closed = 0;
};

// LCUS's with a CH340: A0, channel, state, sum; one that answers the question 5.
class Lcus final : public Ch340 {
 public:
  Lcus() {
    on_sent = [this](ByteView bytes) {
      input_.insert(input_.end(), bytes.begin(), bytes.end());
      for (; input_.size() >= 4; input_.erase(input_.begin(), input_.begin() + 4)) {
        const std::uint8_t channel = input_[1];
        const unsigned bit = 1U << (channel - 1U);
        if (input_[2] < 2) closed = input_[2] == 1 ? closed | bit : closed & ~bit;
        if (input_[2] != 5) continue;
        const auto on = static_cast<std::uint8_t>((closed & bit) != 0);
        say(Bytes{0xA0, channel, on, static_cast<std::uint8_t>(0xA0 + channel + on)});
      }
    };
  }
  unsigned closed = 0;

 private:
  Bytes input_;
};

template <class M, auto state, class... Args>
Plugged make(Args... args) {
  return with(std::make_shared<M>(args...), state);
}

const std::map<std::string, std::function<Plugged()>> makers{
    {"dcttech",
     [] {
       auto made = make<Relay, &DctTechRelay::closed>(4U);
       made.relay = std::static_pointer_cast<DctTechRelay>(made.model);
       return made;
     }},
    {"ucreatefun", [] { return make<UcreatefunRelay, &UcreatefunRelay::closed>(); }},
    {"lcus-hid", [] { return make<LcusHidRelay, &LcusHidRelay::closed>(); }},
    {"sainsmart16", [] { return make<SainSmart16Relay, &SainSmart16Relay::closed>(); }},
    {"ykush", [] { return make<Ykush, &Ykush::powered>(Ykush::ykush); }},
    {"energenie",
     [] { return make<EnergenieOutlets, &EnergenieOutlets::closed>(std::uint16_t{0xfd13}); }},
    {"ft245r", [] { return make<FtdiChip, &FtdiChip::levels>("FT245"); }},
    {"cbus",
     [] {
       return make<FtdiChip, &FtdiChip::levels>("FTCBUS", std::uint16_t{0x6015}, "FT231X USB UART");
     }},
    {"adapter",
     [] {
       return make<FtdiChip, &FtdiChip::divisor>("FTADAPT", std::uint16_t{0x6001},
                                                 "FT232R USB UART");
     }},
    {"numato", [] { return make<Numato, &Numato::closed>(); }},
    {"devantech", [] { return make<Devantech, &Devantech::closed>(); }},
    {"lcus", [] { return make<Lcus, &Lcus::closed>(); }},
};

class Desk {
 public:
  explicit Desk(KernelBus& bus) : bus_(bus) {}

  Result<std::string> obey(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    int port = 0;
    if (!(words >> verb >> port)) return fail(Cause::invalid, "'{}'", line);
    if (verb == "plug") {
      std::string kind;
      words >> kind;
      const auto maker = makers.find(kind);
      if (maker == makers.end()) return fail(Cause::invalid, "there is no '{}'", kind);
      // The same device when it comes back, with what it remembers.
      auto& one = plugged_.try_emplace({port, kind}, maker->second()).first->second;
      kinds_[port] = kind;
      return bus_.attach(one.model, port);
    }
    if (verb == "pull") {
      TRY(bus_.detach(port));
      return "";
    }
    const auto lock = bus_.lock();
    Plugged& one = TRY(at(port)).get();
    if (verb == "state") return std::to_string(one.state());
    if (verb == "weld" && one.relay) {
      unsigned mask = 0;
      words >> mask;
      one.relay->welded = static_cast<std::uint8_t>(mask);
      return "";
    }
    if (verb == "say" && one.line) {
      std::string text;
      std::getline(words >> std::ws, text);
      one.line->say(as_bytes(text + "\n"));
      return "";
    }
    if (verb == "board" && one.relay) return board(one, words);
    return fail(Cause::invalid, "'{}' of such a device", verb);
  }

 private:
  Result<std::reference_wrapper<Plugged>> at(int port) {
    const auto it = plugged_.find({port, kinds_[port]});
    if (it == plugged_.end()) return fail(Cause::invalid, "port {} has no device", port);
    return std::ref(it->second);
  }

  // A board that counts its starts, and answers what it is told.
  Result<std::string> board(Plugged& relay, std::istream& words) {
    int channel = 0, port = 0;
    words >> channel >> port;
    Plugged& serial = TRY(at(port)).get();
    if (!serial.line) return fail(Cause::invalid, "port {} is no serial adapter", port);
    const unsigned bit = 1U << (channel - 1);
    static_cast<Relay&>(*relay.relay).on_change = [bit, line = serial.line, starts = 0](
                                                      unsigned before, unsigned now) mutable {
      if (((before ^ now) & bit) == 0) return;
      tell(fmt::format("board {}", (now & bit) != 0 ? "on" : "off"));
      if ((now & bit) != 0)
        line->say(as_bytes(fmt::format("bootloader 1.0\r\napp ready, start {}\r\n", ++starts)));
    };
    serial.line->on_sent = [bit, line = serial.line.get(), relay = relay.relay,
                            heard = std::string()](ByteView bytes) mutable {
      if ((relay->closed & bit) == 0) return;
      heard += as_text(bytes);
      for (auto end = heard.find('\n'); end != std::string::npos; end = heard.find('\n')) {
        line->say(as_bytes("you said " + heard.substr(0, end) + "\r\n"));
        heard.erase(0, end + 1);
      }
    };
    return "";
  }

  KernelBus& bus_;
  std::map<std::pair<int, std::string>, Plugged> plugged_;
  std::map<int, std::string> kinds_;  // at each port last
};

}  // namespace

int main() {
  auto bus = KernelBus::open();
  if (!bus) {
    tell("error " + bus.error().text);
    return 2;
  }
  Desk desk(**bus);
  tell("ok ready");
  for (std::string line; std::getline(std::cin, line);) {
    const auto done = desk.obey(line);
    tell(done ? "ok " + *done : "error " + done.error().text);
  }
  return 0;
}
