// assayd's HTTP side in one piece. start() and the destructor are called by one
// thread; the backend outlives it.
#pragma once

#include <memory>

#include "api/backend.hpp"
#include "base/result.hpp"
#include "wire/channel.hpp"

namespace assay::web {

class Web {
 public:
  static Result<std::unique_ptr<Web>> start(const wire::Endpoint& listen, api::Backend&);
  ~Web();
  [[nodiscard]] const wire::Endpoint& endpoint() const;

 private:
  struct Parts;
  explicit Web(std::unique_ptr<Parts>);
  std::unique_ptr<Parts> parts_;
};

}  // namespace assay::web
