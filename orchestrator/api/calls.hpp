// The two kinds of streaming calls that assayd serves, with the rules of gRPC's
// callback API kept in one place: no reaction blocks, one read and one write are
// in flight, nothing is started after Finish, Finish comes once and never beside
// a write, and the object lives until OnDone.
// Thread-safe, but for what is said of the virtual methods.
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "api/workers.hpp"

namespace assay::api {

// Both sides talk. Reading pauses after each request until next() is called.
template <class Request, class Response>
class BidiCall : public grpc::ServerBidiReactor<Request, Response>,
                 public std::enable_shared_from_this<BidiCall<Request, Response>> {
 public:
  BidiCall(grpc::CallbackServerContext* context, std::size_t max_queued)
      : context_(context), max_queued_(max_queued) {}

  // For the service's handler: gRPC owns the call from here on.
  static grpc::ServerBidiReactor<Request, Response>* begin(const std::shared_ptr<BidiCall>& call) {
    call->self_ = call;
    call->next();
    return call.get();
  }

  // `written` is called after it left, on gRPC's thread. false: the call is over,
  // or so much waits to be written that it is ended now.
  bool write(Response response, std::function<void()> written = {}) {
    const std::lock_guard lock(mutex_);
    if (finishing_) return false;
    if (queue_.size() >= max_queued_) {
      end_now({grpc::StatusCode::RESOURCE_EXHAUSTED, "the other side reads too slowly"});
      return false;
    }
    queue_.emplace_back(std::move(response), std::move(written));
    if (!writing_) write_next();
    return true;
  }

  // After what is queued was written.
  void finish(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (finishing_) return;
    finishing_ = true;
    status_ = status;
    finish_when_written();
  }

  // At once; what is queued is dropped.
  void abort(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    end_now(status);
  }

  void next() {
    const std::lock_guard lock(mutex_);
    if (finished_ || reading_) return;
    reading_ = true;
    this->StartRead(&request_);
  }

 protected:
  // Reactions: they must not block. `request` is the call's until next().
  virtual void on_request(Request& request) = 0;
  // The other side has no more to say: finish() or go on writing.
  virtual void on_half_close() { finish(grpc::Status::OK); }
  // The very last.
  virtual void on_end() {}

 private:
  void write_next() {
    writing_ = true;
    current_ = std::move(queue_.front());
    queue_.pop_front();
    this->StartWrite(&current_.first);
  }

  void end_now(const grpc::Status& status) {
    queue_.clear();
    if (!finishing_) status_ = status;
    finishing_ = true;
    if (writing_) {
      context_->TryCancel();  // else a write that nobody reads would hold it up
    } else {
      finish_when_written();
    }
  }

  void finish_when_written() {
    if (finished_ || writing_ || !queue_.empty()) return;
    finished_ = true;
    this->Finish(status_);
  }

  void OnReadDone(bool ok) final {
    const auto keep = this->shared_from_this();
    {
      const std::lock_guard lock(mutex_);
      reading_ = false;
      if (finishing_) return;
    }
    if (ok) {
      on_request(request_);
    } else {
      on_half_close();
    }
  }

  void OnWriteDone(bool ok) final {
    const auto keep = this->shared_from_this();
    std::function<void()> written;
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
      written = std::move(current_.second);
      if (!ok) {
        queue_.clear();
        if (!finishing_)
          status_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the other side is gone");
        finishing_ = true;
        finish_when_written();
        return;
      }
      if (!queue_.empty()) {
        write_next();
      } else if (finishing_) {
        finish_when_written();
      }
    }
    if (written) written();
  }

  void OnCancel() final {
    const auto keep = this->shared_from_this();
    abort({grpc::StatusCode::CANCELLED, "cancelled"});
  }

  void OnDone() final {
    on_end();
    self_.reset();
  }

  grpc::CallbackServerContext* const context_;
  const std::size_t max_queued_;
  std::shared_ptr<BidiCall> self_;
  Request request_;

  std::mutex mutex_;
  std::deque<std::pair<Response, std::function<void()>>> queue_;
  std::pair<Response, std::function<void()>> current_;
  grpc::Status status_;
  bool reading_ = false;
  bool writing_ = false;
  bool finishing_ = false;  // no more writes are taken
  bool finished_ = false;   // Finish was called
};

enum class Pull {
  wrote,  // the response is to be sent
  waits,  // nothing now; wake() calls again
  done,   // the status ends the call
};

// One side talks: messages are made one at a time, when the last one has left,
// so that a slow reader costs one message.
template <class Response>
class PulledCall : public grpc::ServerWriteReactor<Response>,
                   public std::enable_shared_from_this<PulledCall<Response>> {
 public:
  explicit PulledCall(Workers& workers) : workers_(workers) {}

  static grpc::ServerWriteReactor<Response>* begin(const std::shared_ptr<PulledCall>& call) {
    call->self_ = call;
    call->wake();
    return call.get();
  }

  void wake() {
    const std::lock_guard lock(mutex_);
    again_ = true;
    if (!busy_) post();
  }

 protected:
  // On a worker, never twice at once.
  virtual Pull produce(Response&, grpc::Status&) = 0;
  // The very last.
  virtual void on_end() {}

 private:
  void post() {
    busy_ = true;
    workers_.post([keep = this->shared_from_this(), this] { run(); });
  }

  void run() {
    {
      const std::lock_guard lock(mutex_);
      again_ = false;
      if (cancelled_) return end({grpc::StatusCode::CANCELLED, "cancelled"});
    }
    response_.Clear();
    grpc::Status status;
    const Pull pull = produce(response_, status);
    const std::lock_guard lock(mutex_);
    if (cancelled_) return end({grpc::StatusCode::CANCELLED, "cancelled"});
    if (pull == Pull::done) return end(status);
    if (pull == Pull::wrote) return this->StartWrite(&response_);
    busy_ = false;
    if (again_) post();
  }

  // busy_ stays set: nothing runs after it.
  void end(const grpc::Status& status) { this->Finish(status); }

  void OnWriteDone(bool ok) final {
    const auto keep = this->shared_from_this();
    const std::lock_guard lock(mutex_);
    if (!ok || cancelled_) return end({grpc::StatusCode::CANCELLED, "cancelled"});
    post();
  }

  void OnCancel() final {
    const auto keep = this->shared_from_this();
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (busy_) return;
    busy_ = true;
    end({grpc::StatusCode::CANCELLED, "cancelled"});
  }

  void OnDone() final {
    on_end();
    self_.reset();
  }

  Workers& workers_;
  std::shared_ptr<PulledCall> self_;
  Response response_;

  std::mutex mutex_;
  bool busy_ = false;  // a task is queued or runs, a message is being sent, or it has ended
  bool again_ = false;
  bool cancelled_ = false;
};

}  // namespace assay::api
