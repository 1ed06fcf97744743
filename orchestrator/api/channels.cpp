#include "api/channels.hpp"

#include <openssl/rand.h>

#include <array>
#include <vector>

#include "base/bytes.hpp"

namespace assay::api {

std::string Channels::open(const AgentPeer* agent, const std::shared_ptr<ClientEnd>& end) {
  std::array<std::uint8_t, 16> random{};
  RAND_bytes(random.data(), static_cast<int>(random.size()));
  std::string name = to_hex(random);
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [](const auto& entry) { return entry.second.end.expired(); });
  waiting_[name] = {agent, end};
  return name;
}

std::shared_ptr<ClientEnd> Channels::take(const std::string& channel) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(channel);
  if (found == waiting_.end()) return nullptr;
  auto end = found->second.end.lock();
  waiting_.erase(found);
  return end;
}

void Channels::abandon(const AgentPeer* agent) {
  std::vector<std::shared_ptr<ClientEnd>> ends;
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = waiting_.begin(); entry != waiting_.end();) {
      if (entry->second.agent != agent) {
        ++entry;
        continue;
      }
      if (auto end = entry->second.end.lock()) ends.push_back(std::move(end));
      entry = waiting_.erase(entry);
    }
  }
  for (const auto& end : ends) end->peer_ended("the board's agent went away");
}

void AgentLinks::add(const std::string& agent, const std::shared_ptr<AgentPeer>& peer) {
  const std::lock_guard lock(mutex_);
  peers_[agent] = peer;
}

void AgentLinks::remove(const std::string& agent, const AgentPeer* peer) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(agent);
  if (found != peers_.end() && found->second.get() == peer) peers_.erase(found);
}

std::shared_ptr<AgentPeer> AgentLinks::find(const std::string& agent) {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(agent);
  return found == peers_.end() ? nullptr : found->second;
}

}  // namespace assay::api
