// assay lease, extend, release: boards for people.

#include <fmt/core.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/interrupts.hpp"
#include "cli/lease_feed.hpp"
#include "cli/person.hpp"
#include "cli/submit.hpp"
#include "cli/words.hpp"
#include "wire/scalar.hpp"

namespace assay::cli {
namespace {

using namespace std::chrono_literals;
constexpr Duration redraw = 200ms;       // for the clock that is shown
constexpr Duration say_again = 10s;      // where there is no terminal: a changed reason
constexpr Duration warn_at_most = 2min;  // before the end

// To the second: what is left of an hour just begun is an hour.
std::string whole(Duration left) {
  const auto seconds = std::chrono::round<std::chrono::seconds>(left);
  return seconds < 1min ? fmt::format("{} s", seconds.count()) : human(seconds);
}

std::string until(const v1::PersonLease& lease) {
  const auto left =
      std::chrono::duration_cast<std::chrono::microseconds>(wire::duration_of(lease.left()));
  return when(unix_micros() + left.count());
}

std::string board_of(const v1::PersonLease& lease) {
  return lease.board().empty() ? "a board of profile " + printable(lease.profile())
                               : "board " + printable(lease.board());
}

Lines yours(const v1::PersonLease& lease, bool attached) {
  const std::string id = printable(lease.id()), board = printable(lease.board());
  return {{{id + ": ", Tone::bold},
           {fmt::format("board {} is yours for {}, until {}", board,
                        whole(wire::duration_of(lease.left())), until(lease)),
            Tone::good}},
          {{fmt::format("  assay power {0} cycle | assay flash {0} FILE | assay console {0} | "
                        "assay run PLAN --board {0}",
                        board)}},
          {{fmt::format("  longer: assay extend {} --for 15m; done: {}", board,
                        attached ? "Ctrl-C" : "assay release " + board)}}};
}

Line ended_line(const v1::PersonLease& lease) {
  return {{printable(lease.id()) + " ", Tone::bold},
          {std::string(verdict_word(lease.verdict())), tone_of(lease.verdict())},
          {": " + printable(lease.sentence())}};
}

// In the foreground: the lease lives as long as this does.
class Attached {
 public:
  Attached(Client& client, v1::LeaseBoardRequest request, Interrupts& interrupts, bool json)
      : client_(client),
        stop_(interrupts.token()),
        json_(json),
        out_(json ? stderr : stdout),
        terminal_(terminal_of(out_)),
        area_(out_),
        feed_(client, std::move(request)) {}

  int run() {
    const std::stop_callback wake(stop_, [this] { feed_.poke(); });
    while (lease_.state() != v1::RUN_STATE_ENDED) {
      const auto update = feed_.next(next_tick());
      if (stop_.stop_requested() && !leaving_) {
        leaving_ = true;
        // Nothing accepted yet, or nobody there to be told: leaving the stream says the same.
        if (lease_.id().empty()) return exit_status({Cause::cancelled, ""});
        if (!give_back()) return exit_status({Cause::cancelled, ""});
      }
      if (update) {
        if (update->error) {
          area_.clear();
          return complain(*update->error);
        }
        if (!update->note.empty()) say({{{update->note, Tone::warn}}});
        if (update->lease) take(*update->lease);
      }
      waits();
      warn();
      draw();
    }
    area_.clear();
    print(out_, ended_line(lease_));
    return exit_status(lease_.verdict());
  }

 private:
  [[nodiscard]] Deadline next_tick() const {
    if (terminal_.live) return Deadline::after(redraw);
    return says_more() ? say_at_ : warn_at_;
  }

  [[nodiscard]] Duration left() const { return std::max(Duration::zero(), ends_.left()); }

  void say(const Lines& lines) {
    area_.clear();
    print(out_, lines);
    std::fflush(out_);
  }

  void take(const v1::PersonLease& lease) {
    const v1::PersonLease before = std::exchange(lease_, lease);
    if (json_) {
      fmt::print("{}", to_json_line(lease));
      std::fflush(stdout);
    }
    if (before.id().empty()) {
      say({{{"lease "},
            {printable(lease.id()), Tone::bold},
            {fmt::format(" of {} for {}", board_of(lease),
                         whole(wire::duration_of(lease.length())))}}});
    }
    if (lease.state() != v1::RUN_STATE_RUNNING) return;
    ends_ = Deadline::after(wire::duration_of(lease.left()));
    const Duration length = wire::duration_of(lease.length());
    warn_at_ = Deadline::at(ends_.time() - std::min<Duration>(length / 10, warn_at_most));
    warned_ = false;
    if (before.state() != v1::RUN_STATE_RUNNING) return say(yours(lease, true));
    if (wire::duration_of(before.length()) != length) {
      say({{{printable(lease.id()) + ": ", Tone::bold},
            {fmt::format("extended: {} more, until {}", whole(left()), until(lease))}}});
    }
  }

  // A terminal shows it all the time, a log not each second.
  [[nodiscard]] bool says_more() const {
    const std::string& reason = lease_.waits().reason();
    return lease_.state() == v1::RUN_STATE_QUEUED && !reason.empty() && reason != said_;
  }
  void waits() {
    if (terminal_.live || !says_more() || !say_at_.passed()) return;
    said_ = lease_.waits().reason();
    say_at_ = Deadline::after(say_again);
    say({{{printable(lease_.id()) + " "}, {printable(said_)}}});
  }

  void warn() {
    if (warned_ || lease_.state() != v1::RUN_STATE_RUNNING || !warn_at_.passed()) return;
    warned_ = true;
    warn_at_ = Deadline::never();
    say({{{printable(lease_.id()) + ": ", Tone::bold},
          {fmt::format("board {0} is yours for {1} more: 'assay extend {0} --for 15m' keeps it",
                       printable(lease_.board()), whole(left())),
           Tone::warn}}});
  }

  bool give_back() {
    v1::ReleaseLeaseRequest request;
    request.set_lease(lease_.id());
    request.set_person(lease_.person());
    const auto done = client_.release_lease(request);
    // Its end comes by the stream.
    return done || done.error().cause == Cause::refused;
  }

  void draw() {
    if (!terminal_.live || lease_.id().empty()) return;
    terminal_ = terminal_of(out_);
    const std::string id = printable(lease_.id());
    if (lease_.state() == v1::RUN_STATE_QUEUED) {
      area_.draw({{{id + " ", Tone::bold}, {printable(lease_.waits().reason())}}}, terminal_);
    } else if (lease_.state() == v1::RUN_STATE_RUNNING) {
      area_.draw({{{id + " ", Tone::bold},
                   {fmt::format("board {}: {} left", printable(lease_.board()), whole(left())),
                    warned_ ? Tone::warn : Tone::plain},
                   {"; Ctrl-C gives it back", Tone::dim}}},
                 terminal_);
    }
  }

  Client& client_;
  std::stop_token stop_;
  bool json_;
  std::FILE* out_;
  Terminal terminal_;
  LiveArea area_;
  v1::PersonLease lease_;
  Deadline ends_ = Deadline::never(), warn_at_ = Deadline::never();
  Deadline say_at_ = Deadline::after(0s);
  std::string said_;
  bool leaving_ = false, warned_ = false;
  LeaseFeed feed_;  // last: its thread ends first
};

// Takes it and leaves; with `wait` once it has the board.
int detached(Client& client, const v1::LeaseBoardRequest& request, Interrupts& interrupts,
             bool wait, bool json) {
  LeaseFeed feed(client, request);
  const std::stop_callback wake(interrupts.token(), [&feed] { feed.poke(); });
  v1::PersonLease lease;
  while (lease.id().empty() || (wait && lease.state() == v1::RUN_STATE_QUEUED)) {
    const auto update = feed.next(Deadline::never());
    if (interrupts.token().stop_requested()) {
      if (lease.id().empty()) return complain({Cause::cancelled, "interrupted"});
      v1::ReleaseLeaseRequest back;
      back.set_lease(lease.id());
      back.set_person(lease.person());
      const auto ended = client.release_lease(back);
      if (!ended) return complain(ended.error());
      print(stderr, ended_line(*ended));
      return exit_status({Cause::cancelled, ""});
    }
    if (!update) continue;
    if (update->error) return complain(*update->error);
    if (!update->note.empty()) fmt::print(stderr, "{}\n", update->note);
    if (update->lease) lease = *update->lease;
  }
  if (json) {
    fmt::print("{}", to_json(lease));
  } else if (lease.state() == v1::RUN_STATE_RUNNING) {
    print(stdout, yours(lease, false));
  } else if (lease.state() == v1::RUN_STATE_QUEUED) {
    print(stdout, Line{{printable(lease.id()) + ": ", Tone::bold},
                       {lease.waits().reason().empty() ? "waits for " + board_of(lease)
                                                       : printable(lease.waits().reason())}});
  }
  if (lease.state() != v1::RUN_STATE_ENDED) return 0;
  print(json ? stderr : stdout, ended_line(lease));
  return exit_status(lease.verdict());
}

}  // namespace

int execute(const LeaseOptions& options, const std::string& server) {
  Interrupts interrupts;
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  v1::LeaseBoardRequest request;
  request.set_board(options.board);
  request.set_profile(options.profile);
  for (const auto& tag : options.tags) request.add_tags(tag);
  wire::to_proto(options.length, request.mutable_length());
  request.set_person(person());
  request.set_priority(options.priority);
  request.set_bound(!options.detach);
  request.set_request_id(request_id());
  if (options.detach) return detached(*client, request, interrupts, options.wait, options.json);
  return Attached(*client, request, interrupts, options.json).run();
}

int execute(const ExtendOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  v1::ExtendLeaseRequest request;
  request.set_lease(options.lease);
  request.set_person(person());
  wire::to_proto(options.by, request.mutable_by());
  const auto lease = client->extend_lease(request);
  if (!lease) return complain(lease.error());
  if (options.json) {
    fmt::print("{}", to_json(*lease));
  } else if (lease->state() == v1::RUN_STATE_RUNNING) {
    fmt::print("{}: board {} is yours for {}, until {}\n", printable(lease->id()),
               printable(lease->board()), whole(wire::duration_of(lease->left())), until(*lease));
  } else {
    fmt::print("{}: for {}, once it has a board\n", printable(lease->id()),
               whole(wire::duration_of(lease->length())));
  }
  return 0;
}

int execute(const ReleaseOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  v1::ReleaseLeaseRequest request;
  request.set_lease(options.lease);
  request.set_person(person());
  request.set_reason(options.why);
  const auto lease = client->release_lease(request);
  if (!lease) return complain(lease.error());
  if (options.json) {
    fmt::print("{}", to_json(*lease));
  } else {
    print(stdout, ended_line(*lease));
  }
  return 0;
}

}  // namespace assay::cli
