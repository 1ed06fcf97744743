// Which agents are connected, and byte channels between a client's Console call
// and the Channel call that an agent opens for it. Thread-safe; nothing blocks.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.hpp"

namespace assay::api {

// One end of a byte channel.
class ChannelEnd {
 public:
  virtual ~ChannelEnd() = default;
  // false: it is over. `written` is called once there is room for more.
  virtual bool send(std::string bytes, std::function<void()> written) = 0;
  // The other end is over; "" when it simply ended, else why.
  virtual void peer_ended(const std::string& why) = 0;
};

// The client's end, which waits for the agent's.
class ClientEnd : public ChannelEnd {
 public:
  virtual void joined(std::shared_ptr<ChannelEnd> agent_end) = 0;
};

class AgentPeer;

class Channels {
 public:
  // A fresh name for a channel that this agent is to open; the end is not kept alive.
  std::string open(const AgentPeer*, const std::shared_ptr<ClientEnd>&);
  // The agent has opened it: nullptr when nobody waits for it.
  std::shared_ptr<ClientEnd> take(const std::string& channel);
  // The agent is gone: whoever waits for it is told.
  void abandon(const AgentPeer*);

 private:
  struct Waiting {
    const AgentPeer* agent;
    std::weak_ptr<ClientEnd> end;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Waiting> waiting_;
};

// What may be asked of a connected agent beside the dispatcher's assignments.
class AgentPeer {
 public:
  virtual ~AgentPeer() = default;
  virtual void open_channel(const std::string& channel, const std::string& board,
                            const std::string& kind, std::uint64_t epoch) = 0;
};

class AgentLinks {
 public:
  void add(const std::string& agent, const std::shared_ptr<AgentPeer>&);
  void remove(const std::string& agent, const AgentPeer*);
  std::shared_ptr<AgentPeer> find(const std::string& agent);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<AgentPeer>> peers_;
};

}  // namespace assay::api
