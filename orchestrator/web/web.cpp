#include "web/web.hpp"

#include "queries/queries.hpp"
#include "web/server.hpp"
#include "web/site.hpp"

namespace assay::web {

struct Web::Parts {
  explicit Parts(api::Backend& backend)
      : queries(backend), site(backend, queries, metrics, Pages::shipped()) {}
  queries::Queries queries;
  Metrics metrics;
  Site site;
  std::unique_ptr<Server> server;  // last: it uses the above
};

Result<std::unique_ptr<Web>> Web::start(const wire::Endpoint& listen, api::Backend& backend) {
  auto parts = std::make_unique<Parts>(backend);
  queries::Queries& queries = parts->queries;
  LiveSource source{backend, [&queries](v1::Overview* out) { return queries.overview(out); },
                    [&queries](const std::string& attempt, v1::Timeline* out) {
                      return queries.timeline(attempt, out);
                    },
                    [&queries](const std::string& attempt, const std::string& role,
                               std::int64_t from, std::uint32_t count, v1::ConsoleLines* out) {
                      return queries.lines(attempt, role, {from, count}, out);
                    }};
  parts->server = TRY(Server::start(
      listen, [&site = parts->site](const Request& request) { return site.answer(request); },
      std::move(source), parts->metrics));
  return std::unique_ptr<Web>(new Web(std::move(parts)));
}

Web::Web(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Web::~Web() = default;

const wire::Endpoint& Web::endpoint() const {
  return parts_->server->endpoint();
}

}  // namespace assay::web
