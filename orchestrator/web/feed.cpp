#include "web/feed.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "web/event_text.hpp"

namespace assay::web {

namespace {

// Between two news at most, however dear they are.
constexpr Duration longest_gap = std::chrono::milliseconds(500);

Text shared(std::string text) {
  return text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text));
}

}  // namespace

Feed::Seat::Seat(std::shared_ptr<Feed> feed, LiveReader& reader, std::optional<Cursor> after)
    : feed_(std::move(feed)), member_(std::make_shared<Member>()) {
  member_->reader = &reader;
  member_->place.after = std::move(after);
  feed_->members_.push_back(member_);
  feed_->turn_at(BootTime::now());
}

Feed::Seat::~Seat() {
  member_->reader = nullptr;
  std::erase(feed_->members_, member_);
}

void Feed::Seat::drained() {
  if (member_->level || member_->wants) return;
  member_->wants = true;
  feed_->turn_at(BootTime::now());
}

void Feed::poke() {
  if (poked_.exchange(true)) return;
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->turn_at(self->not_before_);
  });
}

void Feed::turn_at(BootTime at) {
  if (busy_ || (due_ && *due_ <= at)) return;  // deliver() looks again
  due_ = at;
  const Duration left = std::max<Duration>(at - BootTime::now(), Duration::zero());
  loop_.after(left, [weak = weak_from_this(), number = ++timer_] {
    const auto self = weak.lock();
    if (self && self->timer_ == number && self->due_) self->turn();
  });
}

void Feed::turn() {
  due_.reset();
  if (members_.empty()) return;
  busy_ = true;
  poked_ = false;  // what changes from here on is seen by the next
  std::vector<std::shared_ptr<Member>> wanting;
  for (const auto& member : members_) {
    if (!member->level && member->wants) wanting.push_back(member);
  }
  workers_.post([self = shared_from_this(), wanting = std::move(wanting)] {
    auto made = std::make_shared<Made>(self->make(wanting));
    self->loop_.post([self, made] { self->deliver(*made); });
  });
}

Feed::Made Feed::make(const std::vector<std::shared_ptr<Member>>& wanting) {
  Made made;
  const BootTime begun = BootTime::now();
  auto news = producer_->news(begun);
  made.took = BootTime::now() - begun;
  if (news) {
    made.news = shared(std::move(news->text));
    made.again = news->again;
  }
  for (std::size_t i = 0; news && i < wanting.size(); ++i) {
    auto piece = producer_->catch_up(wanting[i]->place);
    if (!piece) news = tl::unexpected(piece.error());
    if (piece) made.pieces.emplace_back(wanting[i], shared(std::move(*piece)));
  }
  if (!news) {
    spdlog::warn("a live stream ends early: {}", news.error().text);
    made.failed = true;
  }
  made.over = producer_->over();
  return made;
}

void Feed::deliver(const Made& made) {
  busy_ = false;
  // What is dear to make or to send is told less often.
  const Duration dear = std::max(
      4 * made.took, std::chrono::nanoseconds(made.news == nullptr ? 0 : made.news->size() * 500));
  not_before_ = BootTime::now() + std::clamp(dear, gap_, longest_gap);
  static const Text end = std::make_shared<const std::string>(last_event);
  const auto members = members_;  // a reader may leave while it is told
  for (const auto& member : members) {
    if (member->level && member->reader != nullptr && made.news) member->reader->send(made.news);
  }
  for (const auto& [member, piece] : made.pieces) {
    member->wants = false;
    member->level = member->place.level;
    if (piece && member->reader != nullptr) member->reader->send(piece);
    if (!piece && !member->level) member->wants = true;
  }
  for (const auto& member : members) {
    if (member->reader == nullptr) continue;
    // They come back and are told anew.
    if (made.failed) member->reader->end();
    if (made.failed || !made.over || !member->level || member->reader == nullptr) continue;
    member->reader->send(end);
    if (member->reader != nullptr) member->reader->end();
  }
  if (made.failed) return;
  if (std::any_of(members_.begin(), members_.end(),
                  [](const auto& member) { return !member->level && member->wants; })) {
    return turn_at(BootTime::now());
  }
  if (poked_) return turn_at(not_before_);
  if (made.again) turn_at(std::max(not_before_, BootTime::now() + *made.again));
}

}  // namespace assay::web
