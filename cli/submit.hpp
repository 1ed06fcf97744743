// Files up, run submitted: what `run`, `power` and `flash` share.
#pragma once

#include <stop_token>
#include <vector>

#include "cli/client.hpp"
#include "cli/follow.hpp"
#include "cli/input_files.hpp"

namespace assay::cli {

// Uploads what assayd lacks; `out` sees progress on a terminal.
Result<> upload(Client&, const std::vector<InputFile>&, std::stop_token, std::FILE* out);

void set_plan(v1::SubmitRunRequest&, const InputPlan&);
void set_artifacts(v1::SubmitRunRequest&, const std::vector<InputFile>&);

// For requests that must be accepted once, however often they are sent.
std::string request_id();

// With a request id of its own: sent again as the same request when the
// connection breaks, so that it is accepted once.
Result<v1::Run> submit(Client&, v1::SubmitRunRequest, std::stop_token);

struct Outcome {
  bool detach = false;
  bool json = false;
  std::string junit;  // a file, or ""
};
// Says the run's id, waits for it unless detached, says how it ended; the exit status.
int see_through(Client&, const v1::Run&, Interrupts&, const Outcome&);

}  // namespace assay::cli
