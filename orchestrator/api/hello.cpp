#include "api/hello.hpp"

#include <assay/v1/agent.pb.h>

#include <set>

#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::api {

using wire::check_count;
using wire::check_name;
using wire::check_text;

static Result<std::vector<std::string>> read_words(
    std::string_view what, const google::protobuf::RepeatedPtrField<std::string>& in) {
  TRY(check_count(what, static_cast<std::size_t>(in.size()), wire::max_abilities));
  for (const auto& word : in) TRY(check_text(what, word, wire::max_name));
  return std::vector<std::string>(in.begin(), in.end());
}

Result<scheduler::BoardFacts> read_board(const v1::BoardInfo& in) {
  scheduler::BoardFacts out;
  TRY(check_name("board id", in.id()));
  const auto in_board = [&](Error error) { return tl::unexpected(error.in("board " + in.id())); };
  if (auto good = check_name("profile", in.profile()); !good) return in_board(good.error());
  if (auto good = check_text("quarantine", in.quarantine(), wire::max_text); !good)
    return in_board(good.error());
  auto abilities = read_words("abilities", in.abilities());
  if (!abilities) return in_board(abilities.error());
  auto tags = read_words("tags", in.tags());
  if (!tags) return in_board(tags.error());
  // Epochs only grow: a wild one would leave no room above it.
  if (in.epoch() > UINT64_MAX / 2)
    return in_board({Cause::invalid, fmt::format("epoch {}: too large", in.epoch())});
  out.id = in.id();
  out.profile = in.profile();
  out.abilities = std::move(*abilities);
  out.tags = std::move(*tags);
  out.quarantine = in.quarantine();
  out.epoch = in.epoch();
  if (auto good = check_text("busy", in.busy(), wire::max_name); !good)
    return in_board(good.error());
  out.busy = in.busy();
  if (auto good = check_text("recovery", in.recovery(), wire::max_text); !good)
    return in_board(good.error());
  out.recovery = in.recovery();
  return out;
}

Result<scheduler::AgentFacts> read_hello(const v1::Hello& in, const std::string& version) {
  TRY(check_name("agent name", in.name()));
  if (in.protocol() != wire::protocol_version) {
    return fail(Cause::refused,
                "agent '{}' speaks protocol {}, this assayd speaks {}: install the assay-agent "
                "that belongs to "
                "assayd {}",
                in.name(), in.protocol(), wire::protocol_version, version);
  }
  const auto in_agent = [&](const Error& error) {
    return tl::unexpected(error.in(fmt::format("agent '{}'", in.name())));
  };
  if (auto good = check_name("incarnation", in.incarnation()); !good) return in_agent(good.error());
  if (auto good = check_text("version", in.version(), wire::max_name); !good)
    return in_agent(good.error());
  if (auto good =
          check_count("boards", static_cast<std::size_t>(in.boards_size()), wire::max_boards);
      !good) {
    return in_agent(good.error());
  }
  if (auto good =
          check_count("attempts", static_cast<std::size_t>(in.attempts_size()), wire::max_attempts);
      !good) {
    return in_agent(good.error());
  }
  auto verbs = read_words("verbs", in.verbs());
  if (!verbs) return in_agent(verbs.error());
  scheduler::AgentFacts out{in.name(), in.incarnation(), in.version(), std::move(*verbs), {}, {}};
  std::set<std::string> ids;
  for (const v1::BoardInfo& info : in.boards()) {
    auto board = read_board(info);
    if (!board) return in_agent(board.error());
    if (!ids.insert(board->id).second) {
      return in_agent({Cause::invalid, fmt::format("board '{}' is there twice", board->id)});
    }
    out.boards.push_back(std::move(*board));
  }
  for (const std::string& attempt : in.attempts()) {
    if (auto good = check_text("attempts", attempt, wire::max_name); !good)
      return in_agent(good.error());
  }
  out.attempts.assign(in.attempts().begin(), in.attempts().end());
  out.connection = in.connection();
  out.max_attempts = in.max_attempts();
  return out;
}

}  // namespace assay::api
