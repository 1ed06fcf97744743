#include "hosts/hosted_board.hpp"

#include <atomic>
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "hosts/console_hub.hpp"
#include "hosts/incident_log.hpp"

namespace assay::hosts {

namespace {

using abilities::Order;

// A call's value as its proxy returns it; the host's program may be of another build.
template <class T, class Convert>
Result<T> converted(Result<Json> value, Convert convert) {
  if (!value) return tl::unexpected(std::move(value).error());
  try {
    return convert(*value);
  } catch (const std::exception& e) {
    return fail(Cause::internal, "a device host's answer: {}", e.what());
  }
}

}  // namespace

class HostedBoard::Parts {
 public:
  struct Device {
    DeviceSpec spec;
    std::unique_ptr<DeviceHost> host;
  };
  // One ability, carried out by the host that has it.
  struct Ability {
    Parts& parts;
    DeviceHost& host;
    std::string name;
    Result<Json> call(std::string_view operation, Json arguments, const Order& order) {
      parts.saw(order.epoch);
      return host.call(name, operation, std::move(arguments), order);
    }
    Result<> run(std::string_view operation, Json arguments, const Order& order) {
      TRY(call(operation, std::move(arguments), order));
      return {};
    }
  };
  struct PowerProxy final : abilities::Power {
    explicit PowerProxy(Ability a) : ability(std::move(a)) {}
    Result<> on(const Order& order) override { return ability.run("on", {}, order); }
    Result<> off(const Order& order) override { return ability.run("off", {}, order); }
    Result<std::optional<bool>> is_on(const Order& order) override {
      return converted<std::optional<bool>>(ability.call("is_on", {}, order), [](const Json& v) {
        return v.is_null() ? std::nullopt : std::optional(v.get<bool>());
      });
    }
    Ability ability;
  };
  struct ResetProxy final : abilities::Reset {
    explicit ResetProxy(Ability a) : ability(std::move(a)) {}
    Result<> pulse(const Order& order) override { return ability.run("pulse", {}, order); }
    Ability ability;
  };
  struct FlashProxy final : abilities::Flash {
    explicit FlashProxy(Ability a) : ability(std::move(a)) {}
    Result<> write(const Order& order, const abilities::FlashJob& job) override {
      return ability.run("write",
                         {{"file", job.file.string()},
                          {"address", job.address},
                          {"erase_chip", job.erase_chip},
                          {"erase_size", job.erase_size},
                          {"erased", job.erased},
                          {"map", job.map.string()}},
                         order);
    }
    Result<std::optional<Bytes>> read(const Order& order, std::uint64_t address,
                                      std::uint64_t size) override {
      auto value = ability.call("read", {{"address", address}, {"size", size}}, order);
      return converted<std::optional<Bytes>>(std::move(value), [](Json& v) {
        return v.is_null() ? std::nullopt : std::optional<Bytes>(std::move(v.get_binary()));
      });
    }
    Ability ability;
  };
  struct ConsoleProxy final : abilities::Console {
    explicit ConsoleProxy(Ability a) : ability(std::move(a)) {}
    void listen(Sink sink) override {
      auto& hub = ability.parts.hub;
      hub.listen(std::move(sink));
      ability.host.post([&hub] { hub.deliver_backlog(); });
    }
    Result<> write(const Order& order, ByteView bytes) override {
      return ability.run("write", {{"bytes", Json::binary(Bytes(bytes.begin(), bytes.end()))}},
                         order);
    }
    Result<> ready(const Order& order) override { return ability.run("ready", {}, order); }
    Ability ability;
  };

  struct MuxProxy final : abilities::Mux {
    explicit MuxProxy(Ability a) : ability(std::move(a)) {}
    Result<> to(const Order& order, Side side) override {
      return ability.run("to", {{"side", word(side)}}, order);
    }
    Result<std::optional<Side>> side(const Order& order) override {
      return converted<std::optional<Side>>(ability.call("side", {}, order), [](const Json& v) {
        if (v.is_null()) return std::optional<Side>();
        return std::optional(v == word(Side::host) ? Side::host : Side::dut);
      });
    }
    Ability ability;
  };

  Parts(HostProcesses& processes, const BoardSpec& spec) : id(spec.id), seen_(spec.floor) {
    for (const auto& device : spec.devices) {
      auto argv = spec.host_argv;
      if (!device.program.empty()) argv.front() = device.program;
      HostSpec host{.argv = std::move(argv),
                    .board = spec.id,
                    .device = device,
                    .state_folder = spec.state_folder / device.name,
                    .floor = spec.floor};
      DeviceHost::Callbacks callbacks{
          .console = [this](abilities::ConsoleChunk&& chunk) { hub.deliver(std::move(chunk)); },
          .incident = [this](abilities::Incident&& i) { log.add(std::move(i)); }};
      devices.push_back(
          {device, std::make_unique<DeviceHost>(processes, std::move(host), std::move(callbacks))});
      for (const auto& ability : device.abilities) owners[ability] = devices.back().host.get();
    }
    if (auto* host = owner("power")) power.emplace(Ability{*this, *host, "power"});
    if (auto* host = owner("hub")) hub_port.emplace(Ability{*this, *host, "hub"});
    if (auto* host = owner("reset")) reset.emplace(Ability{*this, *host, "reset"});
    if (auto* host = owner("flash")) flash.emplace(Ability{*this, *host, "flash"});
    if (auto* host = owner("console")) console.emplace(Ability{*this, *host, "console"});
    if (auto* host = owner("mux")) mux.emplace(Ability{*this, *host, "mux"});
  }
  ~Parts() {
    for (auto& device : devices) device.host->stop_soon();
  }

  DeviceHost* owner(std::string_view ability) const {
    const auto found = owners.find(ability);
    return found == owners.end() ? nullptr : found->second;
  }

  // An epoch newer than all before fences the board's other devices, too.
  void saw(std::uint64_t epoch) {
    std::uint64_t seen = seen_;
    while (epoch > seen) {
      if (!seen_.compare_exchange_weak(seen, epoch)) continue;
      for (auto& device : devices) device.host->raise_floor(epoch);
      return;
    }
  }

  // `what` for every host, all of them begun before the first is waited for.
  template <class What>
  Result<> each(const What& what) {
    std::vector<Result<>> results(devices.size());
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < devices.size(); ++i) {
        threads.emplace_back([&, i] { results[i] = what(*devices[i].host); });
      }
    }
    for (auto& result : results) TRY(std::move(result));
    return {};
  }

  const std::string id;
  std::atomic<std::uint64_t> seen_;
  ConsoleHub hub{console_backlog};
  IncidentLog log{max_incidents};
  std::map<std::string, DeviceHost*, std::less<>> owners;
  std::optional<PowerProxy> power, hub_port;
  std::optional<ResetProxy> reset;
  std::optional<FlashProxy> flash;
  std::optional<ConsoleProxy> console;
  std::optional<MuxProxy> mux;
  std::vector<Device> devices;  // last: their threads call into the hub and the log
};

HostedBoard::HostedBoard(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HostedBoard::~HostedBoard() = default;

Result<std::unique_ptr<HostedBoard>> HostedBoard::make(HostProcesses& processes,
                                                       const BoardSpec& spec) {
  std::map<std::string, std::string> by_ability;
  std::set<std::string> names;
  for (const auto& device : spec.devices) {
    if (!names.insert(device.name).second) {
      return fail(Cause::invalid, "board {}: two devices are named '{}': rename one", spec.id,
                  device.name);
    }
    for (const auto& ability : device.abilities) {
      const auto [other, fresh] = by_ability.emplace(ability, device.name);
      if (fresh) continue;
      return fail(Cause::invalid, "board {}: devices '{}' and '{}' both give '{}': leave it to one",
                  spec.id, other->second, device.name, ability);
    }
    TRY(make_folders(spec.state_folder / device.name));
  }
  return std::unique_ptr<HostedBoard>(new HostedBoard(std::make_unique<Parts>(processes, spec)));
}

const std::string& HostedBoard::id() const {
  return parts_->id;
}
abilities::Power* HostedBoard::power() {
  return parts_->power ? &*parts_->power : nullptr;
}
abilities::Reset* HostedBoard::reset() {
  return parts_->reset ? &*parts_->reset : nullptr;
}
abilities::Flash* HostedBoard::flash() {
  return parts_->flash ? &*parts_->flash : nullptr;
}
abilities::Console* HostedBoard::console() {
  return parts_->console ? &*parts_->console : nullptr;
}
abilities::Mux* HostedBoard::mux() {
  return parts_->mux ? &*parts_->mux : nullptr;
}

Result<abilities::Health> HostedBoard::check(std::string_view ability, const Order& order) {
  auto* host = parts_->owner(ability);
  if (host == nullptr) {
    std::vector<std::string> known;
    for (const auto& [name, owner] : parts_->owners) known.push_back(name);
    return fail(Cause::invalid, "board {} has no '{}', it has {}", id(), ability, join(known));
  }
  using abilities::Health;
  return converted<Health>(
      Parts::Ability{*parts_, *host, std::string(ability)}.call("check", {}, order),
      [](const Json& proven) { return proven.get<bool>() ? Health::proven : Health::unproven; });
}

Result<std::string> HostedBoard::about(std::string_view ability, const abilities::Order& order) {
  auto* host = parts_->owner(ability);
  if (host == nullptr) return std::string();
  return converted<std::string>(
      Parts::Ability{*parts_, *host, std::string(ability)}.call("about", {}, order),
      [](const Json& text) { return text.get<std::string>(); });
}

std::vector<abilities::Incident> HostedBoard::incidents() {
  return parts_->log.take();
}
void HostedBoard::on_incident(std::function<void(const abilities::Incident&)> listener) {
  parts_->log.listen(std::move(listener));
}

void HostedBoard::watch(std::function<void(const abilities::Incident&)> watcher) {
  parts_->log.watch(std::move(watcher));
}

abilities::Power* HostedBoard::hub() {
  return parts_->hub_port ? &*parts_->hub_port : nullptr;
}

Result<> HostedBoard::revive(std::string_view ability, const abilities::Order& order) {
  auto* host = parts_->owner(ability);
  if (host == nullptr) return fail(Cause::invalid, "board {} has no '{}'", id(), ability);
  return Parts::Ability{*parts_, *host, std::string(ability)}.run("revive", {}, order);
}

void HostedBoard::raise_floor(std::uint64_t epoch) {
  parts_->saw(epoch);
}

Result<> HostedBoard::restart(const Wait& wait) {
  return parts_->each([&](DeviceHost& host) { return host.restart(wait); });
}
Result<> HostedBoard::wait_serving(const Wait& wait) {
  return parts_->each([&](DeviceHost& host) { return host.wait_serving(wait); });
}

HostedBoard::TapId HostedBoard::add_tap(abilities::Console::Sink sink) {
  return parts_->console ? parts_->hub.add_tap(std::move(sink)) : 0;
}
void HostedBoard::remove_tap(TapId id) {
  parts_->hub.remove_tap(id);
}

std::vector<std::pair<std::string, pid_t>> HostedBoard::host_pids() const {
  std::vector<std::pair<std::string, pid_t>> pids;
  for (const auto& device : parts_->devices)
    pids.emplace_back(device.spec.name, device.host->pid());
  return pids;
}

}  // namespace assay::hosts
