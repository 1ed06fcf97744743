// The agent's side of one device host: keeps it running and calls into it.
//
// Thread-safe. Calls are served one at a time, first come, first served; one
// that still waits for its turn at its deadline or stop leaves without harm.
// The one that is being served is given `grace` past that (or past a
// raise_floor() above its epoch) to be answered; then the host is killed and
// started anew, with the highest epoch seen as its floor. When a host dies,
// the calls made so far fail with Cause::unavailable and an Incident tells it.
// A killed host that is not gone after `kill_limit` (a process in D state) is
// abandoned: calls fail and say so until it is gone after all.
//
// Restarts are immediate, then ever slower (100 ms to 5 s) while hosts die young.
// Callbacks run on the host's reader thread and must not block.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "abilities/ability.hpp"
#include "hosts/launcher.hpp"
#include "hosts/protocol.hpp"

namespace assay::hosts {

inline constexpr Duration grace = std::chrono::milliseconds(250);
inline constexpr Duration kill_limit = std::chrono::seconds(2);

struct DeviceSpec {
  std::string name;
  std::string driver;
  std::vector<std::string> abilities;
  std::string params_json = "{}";
  std::string program = {};  // its host program, or "" for the board's
};

struct HostSpec {
  std::vector<std::string> argv;  // the host program
  std::string board;
  DeviceSpec device;
  std::filesystem::path state_folder;
  std::uint64_t floor = 0;
};

class DeviceHost {
 public:
  struct Callbacks {
    std::function<void(abilities::ConsoleChunk&&)> console;
    std::function<void(abilities::Incident&&)> incident;
  };

  // Starts at once, in the background. `processes` must outlive it.
  DeviceHost(HostProcesses& processes, HostSpec, Callbacks);
  // Lets the host end by itself for `grace`, then kills it; waits until it is
  // gone, kill_limit at most.
  ~DeviceHost();
  // Begins what the destructor does, without waiting.
  void stop_soon();

  Result<Json> call(std::string_view ability, std::string_view operation, Json arguments,
                    const abilities::Order&);
  // Epochs below it are refused from now on.
  void raise_floor(std::uint64_t epoch);
  // Kills the host; returns once a new one serves.
  Result<> restart(const Wait&);
  Result<> wait_serving(const Wait&);
  // Runs the task on the reader thread, between two messages of the host.
  void post(std::function<void()>);
  [[nodiscard]] pid_t pid() const;  // of the host's process; 0: none at the moment

 private:
  class Keeper;
  std::unique_ptr<Keeper> keeper_;
};

}  // namespace assay::hosts
