// assay show, why, cancel.

#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/client.hpp"
#include "cli/commands.hpp"
#include "cli/run_view.hpp"
#include "cli/words.hpp"

namespace assay::cli {

int execute(const ShowOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto run = client->get_run(options.run);
  if (!run) return complain(client->about_run(run.error()));
  if (options.json) {
    fmt::print("{}", to_json(*run));
  } else {
    print(stdout, show_lines(*run, unix_micros()));
  }
  return 0;
}

int execute(const WhyOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto why = client->why_run(options.run);
  if (!why) return complain(client->about_run(why.error()));
  if (options.json) {
    fmt::print("{}", to_json(*why));
    return 0;
  }
  if (why->jobs().empty()) fmt::print("{}: no job of it waits\n", printable(options.run));
  for (const auto& job : why->jobs())
    fmt::print("{} {}\n", printable(job.job()), printable(job.reason()));
  return 0;
}

int execute(const CancelOptions& options, const std::string& server) {
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto run = client->cancel_run(options.run, options.reason);
  if (!run) return complain(client->about_run(run.error()));
  if (run->state() == v1::RUN_STATE_ENDED) {
    print(stdout, final_line(*run, unix_micros()));
  } else {
    fmt::print("{} is being cancelled\n", printable(run->id()));
  }
  return 0;
}

}  // namespace assay::cli
