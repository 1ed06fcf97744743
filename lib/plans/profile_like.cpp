#include "plans/profile_like.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "plans/shipped.hpp"

namespace assay::plans {
namespace {

bool is_own(const std::string& key) {
  return key == "profile" || key == "about" || key == "like";
}
bool is_by_entry(const std::string& key) {
  return key == "flash" || key == "markers";
}

Entry* find(std::vector<Entry>& entries, const std::string& key) {
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [&](const Entry& one) { return one.key == key; });
  return it == entries.end() ? nullptr : &*it;
}

// In the order of `base`, then what is new.
std::vector<Entry> changed(std::vector<Entry> base, std::vector<Entry> changes) {
  for (Entry& change : changes) {
    Entry* old = find(base, change.key);
    if (old == nullptr) {
      base.push_back(std::move(change));
    } else if (is_by_entry(change.key) && old->value.kind == Node::Kind::map &&
               change.value.kind == Node::Kind::map) {
      Entry merged = change;
      merged.value.entries =
          changed(std::move(old->value.entries), std::move(change.value.entries));
      *old = std::move(merged);
    } else {
      *old = std::move(change);
    }
  }
  return base;
}

class Likeness {
 public:
  Likeness(const ProfileSource& source, Diagnostics& diagnostics)
      : source_(source), diagnostics_(diagnostics) {}

  Node resolve(Node document) {
    if (const Node* own = document.find("profile")) chain_.push_back(own->text);
    const Node* like = document.find("like");
    if (like == nullptr) return document;
    Reader reader(diagnostics_);
    const auto name = reader.name(*like, "-_.");
    if (!name) return document;
    if (std::find(chain_.begin(), chain_.end(), *name) != chain_.end()) {
      chain_.push_back(*name);
      reader.wrong(like->place,
                   fmt::format("'{}' is like itself: {}", *name, join(chain_, ", which is like ")));
      return document;
    }
    const auto found = source_ ? source_(*name) : std::nullopt;
    if (!found) {
      const auto known = shipped_profiles();
      const std::string near = did_you_mean(*name, known);
      reader.wrong(
          like->place,
          fmt::format("no board type '{}'{}", *name,
                      near.empty() && !known.empty() ? ": there are " + join(known) : near));
      return document;
    }
    auto base = parse_yaml(found->text, found->file, diagnostics_);
    if (!base) return document;
    *base = resolve(std::move(*base));
    std::erase_if(base->entries, [](const Entry& one) { return is_own(one.key); });
    document.entries = changed(std::move(base->entries), std::move(document.entries));
    return document;
  }

 private:
  const ProfileSource& source_;
  Diagnostics& diagnostics_;
  std::vector<std::string> chain_;
};

}  // namespace

Node with_what_it_is_like(Node document, const ProfileSource& source, Diagnostics& diagnostics) {
  return Likeness(source, diagnostics).resolve(std::move(document));
}

}  // namespace assay::plans
