#include "api/leases.hpp"

#include <algorithm>

#include "api/listings.hpp"
#include "api/runs.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "plans/shipped.hpp"
#include "scheduler/types.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::api {

static constexpr Duration usual_length = std::chrono::minutes(30);
// For a client whose assayd was restarted: it dials again within a second or two.
static constexpr Duration come_again = std::chrono::seconds(5);

using BoardView = dispatch::Dispatcher::BoardView;

static Result<> check_person(const std::string& person) {
  TRY(wire::check_text("person", person, wire::max_name));
  if (!person.empty() && printable(person) == person) return {};
  return fail(Cause::invalid, "person '{}': say who you are, like user@host", printable(person));
}

static std::optional<BoardView> board_of(Backend& backend, const std::string& lease) {
  for (auto& view : backend.parts.dispatcher.boards()) {
    if (view.lease == lease) return std::move(view);
  }
  return std::nullopt;
}

static v1::LeaseBoardRequest asked_for(const store::RunRow& row) {
  v1::SubmitRunRequest request;
  request.ParseFromString(row.request);
  return std::move(*request.mutable_hold());
}

// One that has not ended, by its name or by the board that it has.
static Result<store::RunRow> find_lease(Backend& backend, const std::string& name) {
  std::int64_t number = 0;
  if (const auto run = scheduler::parse_run(name)) {
    number = *run;
  } else {
    const auto board = TRY(find_board(backend, name));
    if (board.lease.empty()) {
      return fail(Cause::refused, "nobody has leased board '{}'{}", name,
                  board.holder.empty() ? "" : "; " + board.holder + " uses it");
    }
    number = *scheduler::parse_run(board.lease);
  }
  auto row = TRY(backend.parts.store.run(number));
  if (!row) return fail(Cause::not_found, "no lease '{}'", name);
  if (row->hold == 0) return fail(Cause::refused, "{} is a run, not a lease", name);
  if (row->state == "ended") {
    return fail(Cause::refused, "the lease {} is over: {}", scheduler::run_name(number),
                row->sentence);
  }
  return std::move(*row);
}

// The lease that this person has on this board, or "".
static std::string own_lease(Backend& backend, const std::string& board,
                             const std::string& person) {
  if (board.empty() || person.empty()) return "";
  for (const auto& view : backend.parts.dispatcher.boards()) {
    if (view.facts.id == board) return view.person == person ? view.lease : "";
  }
  return "";
}

Result<std::string> choose_lease(Backend& backend, v1::SubmitRunRequest& request) {
  if (!request.person().empty()) TRY(check_person(request.person()));
  if (request.lease().empty())
    request.set_lease(own_lease(backend, request.board(), request.person()));
  if (request.lease().empty()) return "";
  TRY(wire::check_text("lease", request.lease(), wire::max_name));
  const auto row = TRY(find_lease(backend, request.lease()));
  const std::string id = scheduler::run_name(row.number);
  if (row.person != request.person()) {
    return fail(Cause::refused,
                "{} is the lease of {}: only their runs use its board; 'assay lease' asks for one "
                "of your own",
                id, row.person);
  }
  const auto asked = asked_for(row);
  const auto board = board_of(backend, id);
  const std::string has = board ? board->facts.id : asked.board();
  const std::string profile = board ? board->facts.profile : asked.profile();
  if (!has.empty() && !request.board().empty() && request.board() != has) {
    return fail(Cause::invalid, "the lease {} is of board '{}', not of '{}'", id, has,
                request.board());
  }
  if (!request.profile().empty() && request.profile() != profile) {
    return fail(Cause::invalid, "the lease {} is of a board of profile '{}', not '{}'", id, profile,
                request.profile());
  }
  request.set_lease(id);
  if (!has.empty()) request.set_board(has);
  request.set_profile(profile);
  return id;
}

Result<dispatch::NewRun> new_lease(Backend& backend, const v1::LeaseBoardRequest& in) {
  TRY(check_person(in.person()));
  TRY(wire::check_text("board", in.board(), wire::max_name));
  TRY(wire::check_text("profile", in.profile(), wire::max_name));
  TRY(wire::check_text("request_id", in.request_id(), wire::max_name));
  TRY(wire::check_count("tags", static_cast<std::size_t>(in.tags_size()), wire::max_abilities));
  for (const auto& tag : in.tags()) TRY(wire::check_text("tag", tag, wire::max_name));
  if (in.priority() < -100 || in.priority() > 100) {
    return fail(Cause::invalid, "priority {}: from -100 to 100", in.priority());
  }
  const Duration length =
      in.has_length() ? TRY(wire::from_proto("length", in.length())) : usual_length;
  v1::LeaseBoardRequest asked = in;
  wire::to_proto(length, asked.mutable_length());
  if (asked.board().empty() && asked.profile().empty()) {
    return fail(Cause::invalid, "name a board to lease, or the profile of any");
  }
  if (!asked.board().empty()) {
    const auto board = find_board(backend, asked.board());
    if (!board && asked.profile().empty()) {
      return fail(Cause::not_found, "{}; name its --profile to wait for it", board.error().text);
    }
    if (board && asked.profile().empty()) asked.set_profile(board->facts.profile);
    if (board && asked.profile() != board->facts.profile) {
      return fail(Cause::invalid, "board '{}' is of profile '{}', not '{}'", asked.board(),
                  board->facts.profile, asked.profile());
    }
  }
  TRY(plans::shipped_profile(asked.profile()));
  dispatch::NewRun run;
  run.plan = "lease";
  run.request_id = asked.request_id();
  run.priority = asked.priority();
  run.hold = scheduler::Hold{asked.person(), length};
  dispatch::NewJob job;
  job.profile = asked.profile();
  job.needs = {
      {"dut", asked.profile(), {}, asked.board(), {asked.tags().begin(), asked.tags().end()}}};
  run.jobs.push_back(std::move(job));
  v1::SubmitRunRequest kept;
  kept.mutable_hold()->Swap(&asked);
  run.request = kept.SerializeAsString();
  return run;
}

Result<> fill_lease(Backend& backend, std::int64_t number, v1::PersonLease* out) {
  const auto row = TRY(backend.parts.store.run(number));
  if (!row || row->hold == 0) {
    return fail(Cause::not_found, "no lease '{}'", scheduler::run_name(number));
  }
  const auto asked = asked_for(*row);
  out->set_id(scheduler::run_name(number));
  out->set_state(state_of(row->state));
  out->set_verdict(verdict_of(row->verdict));
  out->set_sentence(row->sentence);
  out->set_person(row->person);
  out->set_board(asked.board());
  out->set_profile(asked.profile());
  *out->mutable_tags() = asked.tags();
  out->set_bound(asked.bound());
  wire::to_proto(std::chrono::microseconds(row->hold), out->mutable_length());
  if (row->state == "queued") {
    const auto reasons = backend.parts.dispatcher.why(out->id());
    if (!reasons.empty()) fill_reason(reasons.front(), out->mutable_waits());
    return {};
  }
  for (const auto& attempt : TRY(backend.parts.store.attempts(number))) {
    v1::Attempt had;
    fill_attempt(attempt, &had);
    for (const auto& [role, board] : had.boards()) out->set_board(board);
  }
  if (row->state == "running") {
    const auto board = board_of(backend, out->id());
    wire::to_proto(board ? board->left : Duration::zero(), out->mutable_left());
  }
  return {};
}

Result<> extend_lease(Backend& backend, const v1::ExtendLeaseRequest& request,
                      v1::PersonLease* out) {
  TRY(check_person(request.person()));
  TRY(wire::check_text("lease", request.lease(), wire::max_name));
  const Duration by = TRY(wire::from_proto("by", request.by()));
  const auto row = TRY(find_lease(backend, request.lease()));
  const std::string id = scheduler::run_name(row.number);
  if (row.person != request.person()) {
    return fail(Cause::refused, "{} is the lease of {}: only they can extend it", id, row.person);
  }
  TRY(backend.parts.dispatcher.extend_lease(id, by));
  return fill_lease(backend, row.number, out);
}

Result<> release_lease(Backend& backend, const v1::ReleaseLeaseRequest& request,
                       v1::PersonLease* out) {
  TRY(check_person(request.person()));
  TRY(wire::check_text("lease", request.lease(), wire::max_name));
  TRY(wire::check_text("reason", request.reason(), wire::max_text));
  const auto row = TRY(find_lease(backend, request.lease()));
  const std::string id = scheduler::run_name(row.number);
  const bool own = row.person == request.person();
  if (!own && request.reason().empty()) {
    return fail(
        Cause::refused,
        "{} is the lease of {}: say why you take it back, with --why, for they will read it", id,
        row.person);
  }
  const std::string because = request.reason().empty() ? "" : ": " + request.reason();
  auto& dispatcher = backend.parts.dispatcher;
  if (!own) {
    TRY(dispatcher.cancel_run(id, fmt::format("taken back by {}{}", request.person(), because)));
  } else if (row.state == "queued") {
    TRY(dispatcher.cancel_run(
        id, fmt::format("withdrawn by {} before it had a board{}", row.person, because)));
  } else {
    TRY(dispatcher.release_lease(id, fmt::format("released by {}{}", row.person, because)));
  }
  return fill_lease(backend, row.number, out);
}

void give_back(Backend& backend, const std::string& run, const std::string& sentence) {
  const auto row = backend.parts.store.run(scheduler::parse_run(run).value_or(0));
  if (!row || !*row || (*row)->state == "ended") return;
  const auto done = (*row)->state == "queued"
                        ? backend.parts.dispatcher.cancel_run(run, sentence)
                        : backend.parts.dispatcher.release_lease(run, sentence);
  // Its time may just be over.
  if (!done) spdlog::info("{}", done.error().text);
}

Result<> watch_orphaned_leases(Backend& backend, std::list<Later>& timers) {
  for (const auto& row : TRY(backend.parts.store.open_work()).runs) {
    if (row.hold == 0 || !asked_for(row).bound()) continue;
    const std::string run = scheduler::run_name(row.number);
    timers.emplace_back().after(come_again, [&backend, run] {
      backend.requests.post([&backend, run] {
        if (!backend.bound.held(run))
          give_back(backend, run, "its client did not come again when assayd was restarted");
      });
    });
  }
  return {};
}

}  // namespace assay::api
