// What `assay` asks of assayd: one blocking call each, gRPC hidden in client.cpp.
//
// Thread-safe. Unary calls have deadlines of their own (30 s); streams go on until
// they end or `stop` is requested. Errors: Cause::unavailable and Cause::timeout
// when assayd is not there, with the remedy in the text; else what assayd says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

#include "assay/v1/orchestrator.pb.h"

namespace assay::cli {

struct UploadProgress {
  std::uint64_t done = 0, total = 0;
};

class Client {
 public:
  // `server` is HOST:PORT; nothing is dialled yet.
  static Result<Client> make(std::string_view server);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // All runs come without jobs, but for get_run() and watch_run().
  Result<v1::Run> submit_run(const v1::SubmitRunRequest&);
  Result<v1::ListRunsResponse> list_runs(const v1::ListRunsRequest&);
  Result<v1::Run> get_run(const std::string& id);
  Result<v1::Run> cancel_run(const std::string& id, const std::string& reason);
  Result<v1::Run> retest_run(const std::string& id);
  Result<v1::WhyRunResponse> why_run(const std::string& id);
  Result<v1::ListBoardsResponse> list_boards();
  Result<v1::Board> get_board(const std::string& id);
  Result<v1::ListAgentsResponse> list_agents();
  Result<v1::ListPlansResponse> list_plans();
  Result<v1::Board> set_quarantine(const std::string& board, const std::string& reason);
  Result<v1::PersonLease> extend_lease(const v1::ExtendLeaseRequest&);
  Result<v1::PersonLease> release_lease(const v1::ReleaseLeaseRequest&);
  // The lease whenever it changes, until it has ended.
  Result<> lease_board(const v1::LeaseBoardRequest&, std::stop_token,
                       const std::function<void(v1::PersonLease&&)>&);

  // The run, then what is new of it whenever it changes (wire::merge() puts it in
  // place), until it has ended. `more`: the rest of this state follows.
  Result<> watch_run(const std::string& id, std::stop_token,
                     const std::function<void(v1::Run&& part, bool more)>&);
  // Stored events after `after`; with `follow` until the attempt ends. The
  // callback returns false to leave.
  Result<> read_events(const std::string& attempt, std::uint64_t after, bool follow,
                       std::stop_token, const std::function<bool(const v1::Event&)>&);
  // Until assayd answers again, at most `within`.
  Result<> wait_back(Duration within, std::stop_token);

  // Uploads what assayd lacks of the file, from where an earlier upload stands.
  // True: it was there already.
  Result<bool> put_artifact(const std::string& sha256, const std::filesystem::path& file,
                            std::uint64_t size, std::stop_token,
                            const std::function<void(UploadProgress)>&);
  Result<> get_artifact(const std::string& sha256, std::uint64_t offset, std::stop_token,
                        const std::function<Result<>(std::string_view)>&);

  // Both ways between descriptors and the board until `stop`, the end of the
  // stream, or `leave` comes in on `in`. With `hold` assayd holds the board for as
  // long. At the end of `in` it only reads on: without `hold` for ever, else until
  // the board has been silent for a moment (0.5 s, before its first word 2 s; at most
  // 10 s).
  struct ConsoleEnds {
    int in = 0, out = 1;
    bool hold = false;
    std::string person, lease;  // of the hold
    std::function<void(bool writable)> started;
    char leave = '\x1d';  // Ctrl-]
    bool can_leave = false;
  };
  Result<> console(const std::string& board, std::stop_token, const ConsoleEnds&);

  // The same error; of a run that does not exist with what there is.
  Error about_run(Error);

  [[nodiscard]] const std::string& server() const;

 private:
  struct Stubs;
  explicit Client(std::unique_ptr<Stubs>);
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace assay::cli
