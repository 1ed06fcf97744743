// Who wants to hear of a change to a thing with a name. Thread-safe. Calls are
// made on the notifying thread, nothing locked, and must only pass the word on.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace assay::api {

class Notifier {
 public:
  // Ends when the result is destroyed; a call under way may still finish.
  std::shared_ptr<void> watch(const std::string& name, std::function<void()> on_change) {
    auto call = std::make_shared<std::function<void()>>(std::move(on_change));
    const std::lock_guard lock(mutex_);
    auto& list = watchers_[name];
    list.remove_if([](const auto& watcher) { return watcher.expired(); });
    list.push_back(call);
    return call;
  }

  void notify(const std::string& name) {
    std::vector<std::shared_ptr<std::function<void()>>> calls;
    {
      const std::lock_guard lock(mutex_);
      const auto found = watchers_.find(name);
      if (found == watchers_.end()) return;
      for (const auto& watcher : found->second) {
        if (auto call = watcher.lock()) calls.push_back(std::move(call));
      }
      if (calls.empty()) watchers_.erase(found);
    }
    for (const auto& call : calls) (*call)();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::list<std::weak_ptr<std::function<void()>>>> watchers_;
};

}  // namespace assay::api
