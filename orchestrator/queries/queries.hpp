// What the pages ask, answered from the store, the dispatcher and the stored
// events as the messages of assay/v1/web.proto.
//
// Thread-safe; blocks for the disk, so never call from an I/O thread. Causes:
// not_found, invalid (what was asked makes no sense, in words), io.
#pragma once

#include <assay/v1/web.pb.h>

#include <cstdint>
#include <memory>
#include <string>

#include "api/backend.hpp"
#include "base/result.hpp"

namespace assay::queries {

struct LinesWanted {
  std::int64_t from = 0;  // below 0: counted from the end
  std::uint32_t count = 200;
};
struct SearchWanted {
  std::string text;  // at most 500 bytes
  bool match_case = false;
  bool regex = false;  // RE2
  std::uint32_t limit = 1000;
};
struct HistoryWanted {
  std::uint32_t limit = 200;
  std::string project = {}, ref = {};
};
struct MatrixWanted {
  std::string project = {}, ref = {};
  std::string rows = "plan";  // "plan", "profile" or "board"
  std::uint32_t builds = 20;
};

class Queries {
 public:
  explicit Queries(api::Backend&);  // outlives it
  ~Queries();

  Result<> overview(v1::Overview*);
  Result<> runs(const v1::ListRunsRequest&, v1::ListRunsResponse*);
  Result<> run(const std::string& id, v1::Run*);  // whole
  Result<> why(const std::string& id, v1::WhyRunResponse*);
  Result<> baseline(const std::string& id, v1::Baseline*);

  Result<> timeline(const std::string& attempt, v1::Timeline*);
  Result<> lines(const std::string& attempt, const std::string& role, const LinesWanted&,
                 v1::ConsoleLines*);
  Result<> search(const std::string& attempt, const std::string& role, const SearchWanted&,
                  v1::ConsoleMatches*);
  // Of the raw bytes received, by now.
  Result<std::uint64_t> console_size(const std::string& attempt, const std::string& role);
  // At most `size` bytes from `offset`; fewer only where they end.
  Result<std::string> console_bytes(const std::string& attempt, const std::string& role,
                                    std::uint64_t offset, std::size_t size);

  Result<> boards(v1::ListBoardsResponse*);
  Result<> agents(v1::ListAgentsResponse*);
  Result<> plans(v1::ListPlansResponse*);
  Result<> matrix(const MatrixWanted&, v1::Matrix*);
  Result<> plan_history(const std::string& plan, const HistoryWanted&, v1::History*);
  Result<> board_history(const std::string& board, const HistoryWanted&, v1::History*);
  Result<> artifact(const std::string& sha256, v1::ArtifactInfo*);

 private:
  struct Cached;  // indexes of consoles and timelines, within a budget
  api::Backend& backend_;
  std::unique_ptr<Cached> cached_;
};

}  // namespace assay::queries
