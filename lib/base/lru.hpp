// The latest used of what is dear to make, as many as fit into a budget of memory.
// Thread-safe: whoever uses an entry holds its mutex. One that is larger than the
// whole budget is kept while it is the latest.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace assay {

template <class T>
class Lru {
 public:
  struct Entry {
    std::mutex mutex;
    T value;  // guarded by it; as T() makes it at first

   private:
    friend class Lru;
    std::size_t bytes = 0;                           // guarded by Lru::mutex_
    std::list<std::string>::iterator in_order = {};  // too
  };
  explicit Lru(std::size_t budget) : budget_(budget) {}

  std::shared_ptr<Entry> entry(const std::string& name) {
    const std::lock_guard lock(mutex_);
    auto& found = entries_[name];
    if (!found) {
      found = std::make_shared<Entry>();
      found->in_order = order_.insert(order_.begin(), name);
    }
    order_.splice(order_.begin(), order_, found->in_order);
    return found;
  }
  // What it takes now; others may be thrown out for it.
  void weigh(const std::string& name, Entry& entry, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    // It may have been thrown out meanwhile.
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.get() != &entry) return;
    bytes += own_bytes;
    kept_ += bytes - entry.bytes;
    entry.bytes = bytes;
    while (kept_ > budget_ && order_.size() > 1) {
      const auto oldest = entries_.find(order_.back());
      kept_ -= oldest->second->bytes;
      entries_.erase(oldest);
      order_.pop_back();
    }
  }
  // In bytes.
  [[nodiscard]] std::size_t kept() {
    const std::lock_guard lock(mutex_);
    return kept_;
  }

 private:
  static constexpr std::size_t own_bytes = 512;  // about what an entry's names and links take

  const std::size_t budget_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
  std::list<std::string> order_;  // the latest first
  std::size_t kept_ = 0;
};

}  // namespace assay
