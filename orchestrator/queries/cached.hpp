// What Queries keeps between questions.
#pragma once

#include <assay/v1/web.pb.h>

#include <functional>
#include <mutex>
#include <string>

#include "base/lru.hpp"
#include "queries/attempt_index.hpp"
#include "queries/queries.hpp"

namespace assay::queries {

struct Queries::Cached {
  Lru<AttemptIndex> attempts{64U << 20};
  Lru<v1::ArtifactInfo> artifacts{4U << 20};
  std::mutex reading_artifact;

  // An attempt that is known, its index up to date while `use` runs.
  struct Attempt {
    const std::string& id;
    const AttemptIndex& index;
    bool ended = false;  // by its events, or as the orchestrator counts it
    v1::Attempt row;     // without what comes from its events
  };
  Result<> attempt(api::Backend&, const std::string& id,
                   const std::function<Result<>(const Attempt&)>& use);
};

}  // namespace assay::queries
