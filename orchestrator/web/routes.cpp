// The addresses below /api/v1: docs/HTTP.md is their table.
#include <assay/v1/web.pb.h>
#include <fmt/core.h>

#include <algorithm>

#include "api/runs.hpp"
#include "base/text.hpp"
#include "web/parameters.hpp"
#include "web/site.hpp"

namespace assay::web {

namespace {

struct Asked {
  const Request& request;
  std::vector<std::string> names;  // what stands where the pattern has "*"
  Parameters parameters;

  // Before anything is looked up.
  [[nodiscard]] Result<> all_taken() const { return parameters.all_taken(); }
};
using Answer = std::function<Result<Reply>(Asked&)>;

struct Route {
  std::vector<std::string> pattern;  // behind /api/v1; "*" is any one part
  std::string type;                  // for Accept; "" is not asked
  Answer answer;
};

constexpr const char* json_type = "application/json";

Result<queries::HistoryWanted> history_wanted(Asked& asked, bool of_plan) {
  queries::HistoryWanted wanted;
  wanted.limit = TRY(asked.parameters.count("limit", wanted.limit, 1, 2000));
  if (of_plan) {
    wanted.project = asked.parameters.text("project");
    wanted.ref = asked.parameters.text("ref");
  }
  return wanted;
}

// The reader's cursor: the header wins, for it is the newer one.
Result<Reply> live(Asked& asked, std::string topic, bool with_cursor) {
  Reply reply;
  std::string cursor;
  if (with_cursor) {
    cursor = asked.parameters.text("after");
    if (!asked.request.last_event_id.empty()) cursor = asked.request.last_event_id;
  }
  TRY(asked.all_taken());
  if (!cursor.empty()) reply.after = TRY(parse_cursor(cursor));
  reply.type = "text/event-stream";
  reply.cache = "no-store";
  reply.live = std::move(topic);
  return reply;
}

}  // namespace

struct Routes::Table {
  Table(api::Backend& b, queries::Queries& q) : backend(b), queries(q) {
    add_runs();
    add_attempts();
    add_lab();
    add_live();
  }

  void add(std::vector<std::string> pattern, Answer answer, std::string type = json_type) {
    routes.push_back({std::move(pattern), std::move(type), std::move(answer)});
  }

  // Without parameters: fill(name of the first "*", message).
  template <class Message, class Fill>
  void add_plain(std::vector<std::string> pattern, Fill fill) {
    add(std::move(pattern), [fill](Asked& asked) -> Result<Reply> {
      TRY(asked.all_taken());
      Message message;
      TRY(fill(asked.names.empty() ? "" : asked.names[0], &message));
      return json(message);
    });
  }

  void add_runs();
  void add_attempts();
  void add_lab();
  void add_live();

  api::Backend& backend;
  queries::Queries& queries;
  std::vector<Route> routes;
};

void Routes::Table::add_runs() {
  add_plain<v1::Overview>({"now"},
                          [this](const auto&, auto* out) { return queries.overview(out); });
  add({"runs"}, [this](Asked& asked) -> Result<Reply> {
    v1::ListRunsRequest list;
    auto& given = asked.parameters;
    list.set_plan(given.text("plan"));
    list.set_project(given.text("project"));
    list.set_ref(given.text("ref"));
    list.set_rev(given.text("rev"));
    list.set_profile(given.text("profile"));
    list.set_status(given.text("status"));
    list.set_text(given.text("text"));
    list.set_page_size(TRY(given.count("page_size", 0, 1, 1000)));
    list.set_page_token(given.text("page_token"));
    TRY(asked.all_taken());
    v1::ListRunsResponse message;
    TRY(queries.runs(list, &message));
    return json(message);
  });
  add_plain<v1::Run>({"runs", "*"},
                     [this](const auto& id, auto* out) { return queries.run(id, out); });
  add_plain<v1::WhyRunResponse>({"runs", "*", "why"},
                                [this](const auto& id, auto* out) { return queries.why(id, out); });
  add_plain<v1::Baseline>({"runs", "*", "baseline"},
                          [this](const auto& id, auto* out) { return queries.baseline(id, out); });
}

void Routes::Table::add_attempts() {
  add_plain<v1::Timeline>({"attempts", "*", "timeline"},
                          [this](const auto& id, auto* out) { return queries.timeline(id, out); });
  add(
      {"attempts", "*", "console", "*"},
      [this](Asked& asked) -> Result<Reply> {
        TRY(asked.all_taken());
        const std::string attempt = asked.names[0], role = asked.names[1];
        const std::uint64_t size = TRY(queries.console_size(attempt, role));
        // It only ever grows: its length says which one it is.
        return download(fmt::format("{}-{}.log", attempt, role),
                        hash_tag(fmt::format("{}/{}/{}", attempt, role, size)), size,
                        [this, attempt, role](std::uint64_t offset, std::size_t most) {
                          return queries.console_bytes(attempt, role, offset, most);
                        });
      },
      "");
  add({"attempts", "*", "console", "*", "lines"}, [this](Asked& asked) -> Result<Reply> {
    queries::LinesWanted wanted;
    wanted.from = TRY(asked.parameters.number("from", 0, INT64_MIN, INT64_MAX));
    wanted.count = TRY(asked.parameters.count("count", wanted.count, 1, 2000));
    TRY(asked.all_taken());
    v1::ConsoleLines message;
    TRY(queries.lines(asked.names[0], asked.names[1], wanted, &message));
    return json(message);
  });
  add({"attempts", "*", "console", "*", "search"}, [this](Asked& asked) -> Result<Reply> {
    queries::SearchWanted wanted;
    wanted.text = asked.parameters.text("text");
    wanted.match_case = TRY(asked.parameters.flag("case"));
    wanted.regex = TRY(asked.parameters.flag("regex"));
    wanted.limit = TRY(asked.parameters.count("limit", wanted.limit, 1, 10'000));
    TRY(asked.all_taken());
    if (wanted.text.empty()) return fail(Cause::invalid, "text= is missing: what to search for");
    v1::ConsoleMatches message;
    TRY(queries.search(asked.names[0], asked.names[1], wanted, &message));
    return json(message);
  });
}

void Routes::Table::add_lab() {
  add_plain<v1::ListBoardsResponse>({"boards"},
                                    [this](const auto&, auto* out) { return queries.boards(out); });
  add_plain<v1::ListAgentsResponse>({"agents"},
                                    [this](const auto&, auto* out) { return queries.agents(out); });
  add_plain<v1::ListPlansResponse>({"plans"},
                                   [this](const auto&, auto* out) { return queries.plans(out); });
  add({"boards", "*", "history"}, [this](Asked& asked) -> Result<Reply> {
    const auto wanted = TRY(history_wanted(asked, false));
    TRY(asked.all_taken());
    v1::History message;
    TRY(queries.board_history(asked.names[0], wanted, &message));
    return json(message);
  });
  add({"plans", "*", "history"}, [this](Asked& asked) -> Result<Reply> {
    const auto wanted = TRY(history_wanted(asked, true));
    TRY(asked.all_taken());
    v1::History message;
    TRY(queries.plan_history(asked.names[0], wanted, &message));
    return json(message);
  });
  add({"matrix"}, [this](Asked& asked) -> Result<Reply> {
    queries::MatrixWanted wanted;
    wanted.project = asked.parameters.text("project");
    wanted.ref = asked.parameters.text("ref");
    const std::string rows = asked.parameters.text("rows");
    if (!rows.empty()) wanted.rows = rows;
    wanted.builds = TRY(asked.parameters.count("builds", wanted.builds, 1, 100));
    TRY(asked.all_taken());
    v1::Matrix message;
    TRY(queries.matrix(wanted, &message));
    return json(message);
  });
  add_plain<v1::ArtifactInfo>({"artifacts", "*"}, [this](const auto& sha256, auto* out) {
    return queries.artifact(sha256, out);
  });
  add(
      {"artifacts", "*", "bytes"},
      [this](Asked& asked) -> Result<Reply> {
        TRY(asked.all_taken());
        const std::string& name = asked.names[0];
        const auto file =
            std::make_shared<artifacts::Reader>(TRY(backend.parts.artifacts.get(name)));
        return download(name + ".bin", '"' + name + '"', file->size(),
                        [file](std::uint64_t offset, std::size_t most) -> Result<std::string> {
                          return std::string(as_text(TRY(file->read(offset, most))));
                        });
      },
      "");
}

void Routes::Table::add_live() {
  constexpr const char* stream = "text/event-stream";
  add(
      {"live", "now"}, [](Asked& asked) { return live(asked, "now", false); }, stream);
  add(
      {"live", "runs"}, [](Asked& asked) { return live(asked, "runs", false); }, stream);
  add(
      {"live", "runs", "*"},
      [this](Asked& asked) -> Result<Reply> {
        v1::Run run;
        TRY(api::fill_head(backend, TRY(api::run_number(asked.names[0])), &run));
        return live(asked, run.id(), true);
      },
      stream);
}

Routes::Routes(api::Backend& backend, queries::Queries& queries)
    : table_(std::make_unique<Table>(backend, queries)) {}
Routes::~Routes() = default;

Reply Routes::answer(const Request& request, const Target& target) const {
  const auto& path = target.path;
  const auto fits = [&](const Route& route) {
    return path.size() == route.pattern.size() + 2 && path[1] == "v1" &&
           std::equal(route.pattern.begin(), route.pattern.end(), path.begin() + 2,
                      [](const auto& part, const auto& word) {
                        return part == "*" ? !word.empty() : part == word;
                      });
  };
  const auto route = std::find_if(table_->routes.begin(), table_->routes.end(), fits);
  if (route == table_->routes.end()) {
    return problem(404, fmt::format("there is nothing at '{}'; docs/HTTP.md lists what there is",
                                    printable(request.target.substr(0, 200))));
  }
  if (!route->type.empty() && !accepts(request.accept, route->type)) {
    return problem(406, fmt::format("here is {} only, which Accept '{}' does not allow",
                                    route->type, printable(request.accept.substr(0, 200))));
  }
  Asked asked{request, {}, Parameters(target)};
  for (std::size_t i = 0; i < route->pattern.size(); ++i) {
    if (route->pattern[i] == "*") asked.names.push_back(path[i + 2]);
  }
  auto reply = route->answer(asked);
  return reply ? std::move(*reply) : problem(reply.error());
}

}  // namespace assay::web
