// One gRPC stream that the agent opened, with its messages handed to the
// session's thread: no reaction of gRPC ever runs our logic or blocks.
//
// send() queues (thread-safe, at most `max_queued` and before finish(), then false); on_message and
// on_end are called on gRPC's threads and must only enqueue. on_end is called
// exactly once, last. One read and one write are in flight at most; a reply may
// arrive before its own write is reported done, so writes look only at
// `writing_`.
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace assay::session {

template <class Request, class Response>
class Stream : public grpc::ClientBidiReactor<Request, Response>,
               public std::enable_shared_from_this<Stream<Request, Response>> {
 public:
  using OnMessage = std::function<void(Response)>;
  using OnEnd = std::function<void(const grpc::Status&)>;

  Stream(OnMessage on_message, OnEnd on_end, std::size_t max_queued = 1024)
      : on_message_(std::move(on_message)), on_end_(std::move(on_end)), max_queued_(max_queued) {}

  grpc::ClientContext& context() { return context_; }

  // After stub->async()->X(&context(), this): begins, and keeps itself alive
  // until on_end.
  void begin() {
    self_ = this->shared_from_this();
    // Writes start outside reactions: a hold keeps the stream open for them.
    this->AddHold();
    this->StartRead(&response_);
    this->StartCall();
  }

  bool send(Request request) {
    const std::lock_guard lock(mutex_);
    if (ended_ || finishing_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(request));
    if (!writing_) write_next();
    return true;
  }

  // No more will be sent; what is queued still goes out.
  void finish() {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    if (!writing_ && queue_.empty()) close();
  }

  void cancel() { context_.TryCancel(); }

 private:
  void write_next() {
    writing_ = true;
    current_ = std::move(queue_.front());
    queue_.pop_front();
    this->StartWrite(&current_);
  }

  // Under the mutex.
  void close() {
    if (closed_) return;
    closed_ = true;
    this->StartWritesDone();
    this->RemoveHold();
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    // Reading may have ended meanwhile while this write still went well: then
    // nobody else lets go, and the stream would never be done.
    if (!ok || ended_) {
      ended_ = true;
      release();
    } else if (!queue_.empty()) {
      write_next();
    } else if (finishing_) {
      close();
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      if (!writing_) release();
      return;
    }
    on_message_(std::move(response_));
    response_ = Response();
    this->StartRead(&response_);
  }

  // Under the mutex: lets go of the hold once.
  void release() {
    if (closed_) return;
    closed_ = true;
    this->RemoveHold();
  }

  void OnDone(const grpc::Status& status) override {
    on_end_(status);
    self_.reset();
  }

  // Before the context: what they hold lasts longer than its share of the channel.
  const OnMessage on_message_;
  const OnEnd on_end_;
  grpc::ClientContext context_;
  const std::size_t max_queued_;
  std::shared_ptr<Stream> self_;
  Response response_;

  std::mutex mutex_;
  std::deque<Request> queue_;
  Request current_;
  bool writing_ = false;
  bool finishing_ = false;
  bool closed_ = false;
  bool ended_ = false;
};

}  // namespace assay::session
