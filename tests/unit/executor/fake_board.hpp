// A board with state and history: two slots, a bootloader that swaps, tests and
// reverts like MCUboot and prints what it prints, a program with an SMP server on
// the same line. Faults are set before or while an attempt runs.
//
// Thread-safe. Console bytes come on a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <thread>

#include "abilities/ability.hpp"
#include "protocols/smp_frame.hpp"

namespace assay::executor::test {

inline constexpr std::uint64_t flash_size = 0x10000, slot0 = 0x2000, slot1 = 0x8000,
                               slot_size = 0x6000, slot1_offset = 0x400;

struct Faults {
  std::map<std::string, Error> unhealthy = {};  // by ability: what check() says
  std::set<std::string> unproven = {};          // abilities whose check() proves nothing
  std::map<std::string, Error> failing = {};    // by operation ("flash.write"): its error
  std::string blocked = {};                     // this operation blocks until its Wait ends
  std::string lost_at = {};               // at this operation the board is gone, and it blocks
  std::string dumb_from = {};             // at this operation its console's wire comes off
  bool port_goes = false;                 // with the power and at a reset, and comes back
  std::string port_stays_away_from = {};  // from this operation on it does not
  bool smp_silent = false;
  bool smp_lies = false;  // says the other image's hash
  bool says_lie = false;  // the program prints what is not in its image
  std::string says_instead = {};
  bool flash_lies = false;  // reads back one wrong bit
  bool cannot_read_back = false;
  std::string writes_flash_at = {};  // at this operation its program changes the last byte
  std::string chatters_at = {};      // at this operation, once, its program says "old line"
  bool no_reset = false;             // it has no reset ability
  // It has a disk behind a mux, which is the flash: reached only from the host's side.
  bool has_mux = false;
  bool mux_stuck = false;             // switching it does nothing
  bool mux_unread = false;            // it cannot be read back
  std::string mux_goes_back_at = {};  // at this operation it goes back to the host
  bool disk_stays = false;            // it is reached from either side
  bool locks_up = false;              // in the program, instead of its line
  std::string locks_up_from = {};     // from this operation on
  bool refuses_upload = false;
  bool forgets_upload = false;  // takes it, but lists no image
  bool power_stuck = false;     // off does nothing, and the switch cannot be read
  std::string boot_line = {};   // printed by the program, when not empty
  std::vector<abilities::Progress> progress = {};  // told while it is flashed
};

class FakeBoard final : public abilities::Board,
                        abilities::Power,
                        abilities::Reset,
                        abilities::Flash,
                        abilities::Console,
                        abilities::Mux {
 public:
  explicit FakeBoard(std::string id = "b1");
  ~FakeBoard() override;

  Faults faults;  // set while nothing runs, or under `change`
  void change(const std::function<void(Faults&)>&);

  [[nodiscard]] std::vector<std::string> history() const;  // "power.on", "flash.write chip", ...
  [[nodiscard]] bool powered() const;
  // Waits until an operation of this name has begun.
  void wait_for(const std::string& operation) const;
  void say(const std::string& text);  // on the console, now
  void raise(abilities::Incident);
  // Every console byte that was said has been given to the listener.
  void drain();

  [[nodiscard]] const std::string& id() const override { return id_; }
  abilities::Power* power() override { return this; }
  abilities::Reset* reset() override { return faults.no_reset ? nullptr : this; }
  abilities::Flash* flash() override { return this; }
  abilities::Console* console() override { return this; }
  abilities::Mux* mux() override { return faults.has_mux ? this : nullptr; }
  Result<abilities::Health> check(std::string_view ability, const abilities::Order&) override;
  std::vector<abilities::Incident> incidents() override;
  void on_incident(std::function<void(const abilities::Incident&)>) override;

 private:
  Result<> on(const abilities::Order&) override;
  Result<> off(const abilities::Order&) override;
  Result<std::optional<bool>> is_on(const abilities::Order&) override;
  Result<> pulse(const abilities::Order&) override;
  Result<> write(const abilities::Order&, const abilities::FlashJob&) override;
  Result<std::optional<Bytes>> read(const abilities::Order&, std::uint64_t, std::uint64_t) override;
  void listen(Sink) override;
  Result<> write(const abilities::Order&, ByteView) override;
  Result<> to(const abilities::Order&, Side) override;
  Result<std::optional<Side>> side(const abilities::Order&) override;
  Result<> ready(const abilities::Order&) override;

  [[nodiscard]] Result<> disk_is_here() const;
  Result<> begin(const std::string& operation, const abilities::Order&);
  void boot();  // with mutex_ held, as all below
  void run_program();
  void put(const std::string& text);
  void port(bool there);
  void answer(const Bytes& packet);
  nlohmann::json handle(std::uint16_t group, std::uint8_t id, bool write,
                        const nlohmann::json& body);
  nlohmann::json images_state();
  void deliver(const std::stop_token&);
  [[nodiscard]] Bytes image_at(std::uint64_t address) const;
  void swap_slots();

  const std::string id_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::vector<std::string> history_;
  Bytes flash_ = Bytes(flash_size, 0xFF);
  bool powered_ = false, running_ = false, reset_asked_ = false, dumb_ = false, port_there_ = true,
       port_stays_away_ = false;
  Side side_ = Side::host;
  enum class Pending { no, test, permanent } pending_ = Pending::no;
  bool confirmed_ = true;  // what runs; else the next boot reverts
  std::uint64_t upload_ = 0, upload_size_ = 0;
  smp::Demux demux_;
  std::vector<abilities::Incident> incidents_;
  std::function<void(const abilities::Incident&)> on_incident_;

  std::mutex sink_mutex_;  // held while the sink runs, so that listen() can wait for it
  Sink sink_;
  std::deque<abilities::ConsoleChunk> queue_;
  bool delivering_ = false;
  std::jthread reader_;
};

}  // namespace assay::executor::test
