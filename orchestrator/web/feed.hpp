// One live stream with its readers: asks the producer on a worker, whenever it was
// poked and not sooner than the last time plus a gap, and hands what it made to
// all readers on the loop. Nothing polls: without pokes nothing runs.
//
// Everything but poke() is called on the loop.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "api/workers.hpp"
#include "web/loop.hpp"
#include "web/producer.hpp"
#include "web/reply.hpp"

namespace assay::web {

// A connection that is told. On the loop.
class LiveReader {
 public:
  virtual ~LiveReader() = default;
  // Queued; too much of it ends the connection.
  virtual void send(const Text&) = 0;
  // After what is queued.
  virtual void end() = 0;
};

class Feed : public std::enable_shared_from_this<Feed> {
 public:
  Feed(Loop& loop, api::Workers& workers, Duration gap)
      : loop_(loop), workers_(workers), gap_(gap) {}
  // Once, at first: it needs to know whom to wake.
  void begin(std::unique_ptr<Producer> producer) { producer_ = std::move(producer); }

  // Something changed. Any thread.
  void poke();

  // A reader's membership: it leaves when this is destroyed.
  class Seat {
   public:
    Seat(std::shared_ptr<Feed> feed, LiveReader& reader, std::optional<Cursor> after);
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    // Nothing is queued for the reader any more.
    void drained();

   private:
    friend class Feed;
    struct Member {
      LiveReader* reader;  // nullptr: it left
      Place place;         // the worker's while it is asked
      bool level = false;
      bool wants = true;  // its next piece, to become level
    };
    std::shared_ptr<Feed> feed_;
    std::shared_ptr<Member> member_;
  };

 private:
  using Member = Seat::Member;
  struct Made {
    Text news;
    std::optional<Duration> again;
    std::vector<std::pair<std::shared_ptr<Member>, Text>> pieces;
    bool over = false, failed = false;
    Duration took{};
  };
  void turn_at(BootTime);
  void turn();
  Made make(const std::vector<std::shared_ptr<Member>>&);
  void deliver(const Made&);

  Loop& loop_;
  api::Workers& workers_;
  const Duration gap_;
  std::unique_ptr<Producer> producer_;  // used on a worker, by one turn at a time
  std::atomic<bool> poked_{false};
  std::vector<std::shared_ptr<Member>> members_;
  bool busy_ = false;
  std::optional<BootTime> due_;  // of the timer that counts
  std::uint64_t timer_ = 0;
  BootTime not_before_{0};
};

}  // namespace assay::web
