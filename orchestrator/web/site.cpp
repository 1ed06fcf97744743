#include "web/site.hpp"

#include <fmt/core.h>

#include "base/text.hpp"

namespace assay::web {

namespace {
constexpr std::size_t longest_target = 8 << 10;
}  // namespace

std::optional<Reply> refuse(const Request& request) {
  if (!is_our_host(request.host)) {
    return problem(421,
                   fmt::format("Host '{}' is not this machine; ask 127.0.0.1, localhost or [::1]",
                               printable(request.host.substr(0, 200))));
  }
  if (!request.origin.empty() && !is_same_origin(request.origin, request.host)) {
    return problem(403, fmt::format("Origin '{}' is another site, which may not ask here",
                                    printable(request.origin.substr(0, 200))));
  }
  if (request.target.size() > longest_target)
    return problem(414, fmt::format("an address has at most {} bytes", longest_target));
  if (request.method != "GET" && request.method != "HEAD") {
    Reply reply =
        problem(405, fmt::format("{} changes things, and here one can only look: GET or HEAD",
                                 printable(request.method.substr(0, 20))));
    reply.headers.emplace_back("Allow", "GET, HEAD");
    return reply;
  }
  if (request.has_body) return problem(413, fmt::format("{} takes no body", request.method));
  return std::nullopt;
}

Site::Site(api::Backend& backend, queries::Queries& queries, Metrics& metrics, Pages pages)
    : backend_(backend), metrics_(metrics), pages_(std::move(pages)), routes_(backend, queries) {}

Reply Site::answer(const Request& request) const {
  const auto target = parse_target(request.target);
  if (!target) return finish(request, problem(target.error()));
  const std::string first = target->path.empty() ? "" : target->path[0];
  if (first == "api") return finish(request, routes_.answer(request, *target));
  if (target->path.size() == 1 && first == "metrics") return finish(request, numbers());
  if (target->path.size() == 1 && first == "healthz") return finish(request, health());
  if (first == "metrics" || first == "healthz" || first == "hooks")
    return finish(request, problem(404, fmt::format("there is nothing at '{}'",
                                                    printable(request.target.substr(0, 200)))));
  return finish(request, pages_.find(*target));
}

Reply Site::health() const {
  if (const auto store = backend_.parts.store.identity(); !store)
    return plain(503, store.error().text + '\n');
  return plain(200, "ok\n");
}

Reply Site::numbers() const {
  Metrics::Lab lab{.runs = {{"queued", 0}, {"running", 0}},
                   .boards = {{"idle", 0}, {"leased", 0}, {"quarantined", 0}, {"offline", 0}}};
  for (auto& [state, count] : lab.runs) {
    const auto counted = backend_.parts.store.count_runs(state);
    if (!counted) return problem(counted.error());
    count = static_cast<std::uint64_t>(*counted);
  }
  for (const auto& board : backend_.parts.dispatcher.boards()) ++lab.boards[board.state];
  for (const auto& agent : backend_.parts.dispatcher.agents()) lab.agents += agent.connected;
  Reply reply = plain(200, metrics_.text(lab));
  reply.type = "text/plain; version=0.0.4; charset=utf-8";
  return reply;
}

}  // namespace assay::web
