// A board whose devices live in device hosts: abilities::Board for the executor.
//
// Thread-safe. Console sinks, taps and on_incident run on a reader thread and
// must not block: a slow one holds up the device itself (nothing is dropped),
// and with it that host's replies. After listen(), remove_tap() and
// on_incident() have returned, the callback they replaced is never called again
// (they may be called from within one).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "abilities/ability.hpp"
#include "hosts/device_host.hpp"

namespace assay::hosts {

inline constexpr std::size_t console_backlog = 1 << 20;  // bytes kept while nobody listens
inline constexpr std::size_t max_incidents = 1000;       // kept until incidents() is called

struct BoardSpec {
  std::string id;
  std::vector<DeviceSpec> devices;
  std::vector<std::string> host_argv;  // the host program: assay-host
  std::filesystem::path state_folder;  // each device has a folder of its name in it
  std::uint64_t floor = 0;             // epochs below it are refused
};

class HostedBoard final : public abilities::Board {
 public:
  // Starts the hosts in the background. Cause::invalid when two devices have
  // the same name or ability. `processes` must outlive it.
  static Result<std::unique_ptr<HostedBoard>> make(HostProcesses& processes, const BoardSpec&);
  ~HostedBoard() override;

  [[nodiscard]] const std::string& id() const override;
  abilities::Power* power() override;
  abilities::Reset* reset() override;
  abilities::Flash* flash() override;
  abilities::Console* console() override;
  abilities::Mux* mux() override;
  Result<abilities::Health> check(std::string_view ability, const abilities::Order&) override;
  Result<std::string> about(std::string_view ability, const abilities::Order&) override;
  std::vector<abilities::Incident> incidents() override;
  void on_incident(std::function<void(const abilities::Incident&)>) override;

  // As on_incident(), for somebody who listens whoever uses the board.
  void watch(std::function<void(const abilities::Incident&)>);
  // The switch of the hub's port that the board's probe and console hang on; or null.
  abilities::Power* hub();
  // Resets the device that has this ability, as Device::revive(). Cause::invalid: it
  // cannot be.
  Result<> revive(std::string_view ability, const abilities::Order&);

  // From now on lower epochs are refused; a command of a lower one that is
  // being carried out is ended. The caller keeps it on disk.
  void raise_floor(std::uint64_t epoch);
  // Kills every host of the board and waits until new ones serve.
  Result<> restart(const Wait&);
  // Until every host serves.
  Result<> wait_serving(const Wait&);

  // A further listener of the console, from now on (no backlog). 0: no console.
  using TapId = std::uint64_t;
  TapId add_tap(abilities::Console::Sink);
  void remove_tap(TapId);

  // Device name and process id of each host (0: none at the moment).
  [[nodiscard]] std::vector<std::pair<std::string, pid_t>> host_pids() const;

 private:
  class Parts;
  explicit HostedBoard(std::unique_ptr<Parts>);
  std::unique_ptr<Parts> parts_;
};

}  // namespace assay::hosts
