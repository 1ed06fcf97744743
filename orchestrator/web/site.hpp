// Everything that is served, but for how it travels: from a request to a reply.
// Thread-safe. Replies block for the disk: on workers.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "api/backend.hpp"
#include "queries/queries.hpp"
#include "web/metrics.hpp"
#include "web/pages.hpp"
#include "web/reply.hpp"
#include "web/request.hpp"

namespace assay::web {

// What can be refused without looking anything up: a foreign Host or Origin, a
// method, a body, an address that is too long. Never blocks.
std::optional<Reply> refuse(const Request&);

// Answers below /api/v1.
class Routes {
 public:
  Routes(api::Backend&, queries::Queries&);
  ~Routes();
  Reply answer(const Request&, const Target&) const;

 private:
  struct Table;
  std::unique_ptr<Table> table_;
};

class Site {
 public:
  // All of them outlive it.
  Site(api::Backend& backend, queries::Queries& queries, Metrics& metrics, Pages pages);
  Reply answer(const Request&) const;

 private:
  Reply health() const;
  Reply numbers() const;

  api::Backend& backend_;
  Metrics& metrics_;
  const Pages pages_;
  Routes routes_;
};

}  // namespace assay::web
