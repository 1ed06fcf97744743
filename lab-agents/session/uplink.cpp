#include "session/uplink.hpp"

#include <algorithm>
#include <atomic>

#include "base/log.hpp"
#include "session/final_status.hpp"

namespace assay::session {

namespace {
constexpr std::size_t batch_bytes = 256 << 10;
constexpr std::uint64_t max_unacknowledged = 4096;  // events in flight
// Of them on a slow line: an acknowledgement makes room. More would only lie in this
// process, and reading them would keep the session's thread from everything else.
constexpr std::size_t max_batches = 16;
constexpr Duration first_backoff = std::chrono::milliseconds(50);
constexpr Duration longest_backoff = std::chrono::seconds(2);
}  // namespace

Uplink::Uplink(v1::AgentService::Stub& stub, std::string agent, Inbox& inbox,
               std::shared_ptr<spool::Spool> spool, OnEnd on_end)
    : stub_(stub),
      agent_(std::move(agent)),
      inbox_(inbox),
      spool_(std::move(spool)),
      on_end_(std::move(on_end)) {}

void Uplink::connect() {
  if (over_) return;
  retry_at_ = Deadline::never();
  greeted_ = false;
  const std::uint64_t generation = ++generation_;
  const std::weak_ptr<Uplink> weak = weak_from_this();
  stream_ = std::make_shared<EventStream>(
      [this, weak, generation, &inbox = inbox_](const v1::EventsResponse& response) {
        inbox.post([this, weak, generation, seq = response.acknowledged()] {
          if (const auto self = weak.lock()) self->acknowledged(generation, seq);
        });
      },
      [this, weak, generation, &inbox = inbox_,
       guest = inbox_.guest()](const grpc::Status& status) {
        inbox.post([this, weak, generation, status] {
          if (const auto self = weak.lock()) self->ended(generation, status);
        });
      },
      max_batches);
  stub_.async()->Events(&stream_->context(), stream_.get());
  stream_->begin();
  v1::EventsRequest hello;
  hello.set_attempt(spool_->attempt());
  hello.set_agent(agent_);
  stream_->send(std::move(hello));
  // One pump at a time in the inbox, however many events a flood brings.
  const auto posted = std::make_shared<std::atomic<bool>>(false);
  spool_->on_append([this, weak, posted, &inbox = inbox_] {
    if (posted->exchange(true)) return;
    inbox.post([this, weak, posted] {
      posted->store(false);
      if (const auto self = weak.lock()) self->pump();
    });
  });
}

Deadline Uplink::tick() {
  if (retry_at_.passed()) connect();
  return retry_at_;
}

void Uplink::abandon() {
  over_ = true;
  if (stream_) stream_->cancel();
}

bool Uplink::all_delivered() const {
  return spool_->delivered() || (partial_ && spool_->acknowledged() == spool_->last());
}

void Uplink::acknowledged(std::uint64_t generation, std::uint64_t seq) {
  if (over_ || generation != generation_) return;
  backoff_ = {};
  spool_->acknowledge(seq);
  if (!greeted_) {
    greeted_ = true;
    sent_ = seq;
  }
  if (all_delivered()) return finish(End::delivered, "");
  pump();
}

void Uplink::pump() {
  if (over_ || !greeted_) return;
  while (!over_ && sent_ < spool_->last() &&
         sent_ - std::min(sent_, spool_->acknowledged()) < max_unacknowledged) {
    const auto events = spool_->read(sent_, batch_bytes);
    if (!events) {
      cut(events.error().text);
      continue;
    }
    v1::EventsRequest request;
    for (const std::string& event : *events) request.add_events()->ParseFromString(event);
    if (events->empty() || !stream_->send(std::move(request))) return;
    sent_ += events->size();
  }
}

// What was sent is all there will be, but for the end.
void Uplink::cut(const std::string& why) {
  spdlog::error("attempt {}: its events cannot be read back: {}", spool_->attempt(), why);
  spool_->cut(sent_, why);
  if (on_cut_) on_cut_(why);
  if (all_delivered()) finish(End::delivered, "");
}

void Uplink::ended(std::uint64_t generation, const grpc::Status& status) {
  if (over_ || generation != generation_) return;
  if (ends_delivery(status)) return finish(End::refused, status.error_message());
  greeted_ = false;
  backoff_ = std::clamp(backoff_ * 2, first_backoff, longest_backoff);
  retry_at_ = Deadline::after(backoff_);
}

void Uplink::finish(End end, const std::string& why) {
  over_ = true;
  if (end == End::delivered) stream_->finish();
  on_end_(end, why);
}

}  // namespace assay::session
