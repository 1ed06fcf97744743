// What every service of assayd works on. All members are thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "api/bound_leases.hpp"
#include "api/channels.hpp"
#include "api/records.hpp"
#include "api/workers.hpp"
#include "artifacts/artifacts.hpp"
#include "base/notifier.hpp"
#include "dispatch/dispatcher.hpp"
#include "segments/segments.hpp"
#include "store/store.hpp"

namespace assay::api {

// They outlive the server.
struct Parts {
  store::Store& store;
  dispatch::Dispatcher& dispatcher;
  segments::Segments& segments;
  artifacts::ArtifactStore& artifacts;
  dispatch::LeaseTimes lease_times = {};
};

struct Backend {
  explicit Backend(const Parts& given) : parts(given), records(given.segments) {}

  Parts parts;
  std::string version;   // "0.1.0"
  std::string identity;  // of the store
  Records records;
  std::shared_ptr<Notifier> runs = std::make_shared<Notifier>();    // by run: it changed
  std::shared_ptr<Notifier> boards = std::make_shared<Notifier>();  // by "": any of them changed
  BoundLeases bound;
  std::atomic<bool> stopping = false;
  // Told of each attempt's end, on some thread; must not block. Set before the server starts.
  std::function<void(const std::string& attempt, dispatch::Outcome)> on_attempt_ended;
  AgentLinks agents;
  Channels channels;
  // Apart, so that a flood of events cannot hold up a hello, nor a flood of
  // questions an acknowledgement. Last: their tasks use the above.
  Workers control{2};
  Workers disk{4};
  Workers requests{4};
};

}  // namespace assay::api
