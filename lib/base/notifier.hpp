// Who wants to hear of a change to a thing with a name. Thread-safe. Calls are
// made on the notifying thread, nothing locked, and must only pass the word on.
// A name is forgotten with its last watch.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace assay {

// Ends the watch when destroyed; a call that is under way may still finish.
using Watch = std::shared_ptr<void>;

class Notifier {
 public:
  // The result may outlive this.
  [[nodiscard]] Watch watch(const std::string& name, std::function<void()> on_change) {
    auto call = std::make_shared<Call>(std::move(on_change));
    const std::lock_guard lock(watchers_->mutex);
    auto& list = watchers_->by_name[name];
    const auto place = list.insert(list.end(), call);
    return Watch(call.get(), [call, name, place, weak = std::weak_ptr(watchers_)](void*) {
      if (const auto watchers = weak.lock()) watchers->erase(name, place);
    });
  }

  void notify(const std::string& name) const {
    std::vector<std::shared_ptr<Call>> calls;
    {
      const std::lock_guard lock(watchers_->mutex);
      const auto found = watchers_->by_name.find(name);
      if (found == watchers_->by_name.end()) return;
      calls.assign(found->second.begin(), found->second.end());
    }
    for (const auto& call : calls) (*call)();
  }

  // Names that are watched.
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(watchers_->mutex);
    return watchers_->by_name.size();
  }

 private:
  using Call = std::function<void()>;
  using List = std::list<std::shared_ptr<Call>>;
  struct Watchers {
    std::mutex mutex;
    std::unordered_map<std::string, List> by_name;

    void erase(const std::string& name, List::iterator place) {
      std::shared_ptr<Call> last;  // what it holds is destroyed after the lock
      const std::lock_guard lock(mutex);
      const auto found = by_name.find(name);
      last = std::move(*place);
      found->second.erase(place);
      if (found->second.empty()) by_name.erase(found);
    }
  };
  const std::shared_ptr<Watchers> watchers_ = std::make_shared<Watchers>();
};

}  // namespace assay
