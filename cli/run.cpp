// assay run, retest, watch.

#include <fmt/core.h>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/person.hpp"
#include "cli/run_view.hpp"
#include "cli/submit.hpp"
#include "cli/words.hpp"

namespace assay::cli {
namespace {

struct Inputs {
  InputPlan plan;
  std::vector<InputFile> files;
};

// Everything that can be wrong here, before assayd is asked.
Result<Inputs> read_inputs(const RunOptions& options) {
  Inputs inputs{TRY(read_plan(options.plan)), {}};
  if (auto wrong = misgiven(inputs.plan.plan, options.artifacts, options.params); !wrong.empty()) {
    return fail(Cause::invalid, "{}", wrong);
  }
  for (const auto& [name, file] : options.artifacts)
    inputs.files.push_back(TRY(read_input(name, file)));
  return inputs;
}

v1::SubmitRunRequest request_of(const RunOptions& options, const Inputs& inputs) {
  v1::SubmitRunRequest request;
  set_plan(request, inputs.plan);
  set_artifacts(request, inputs.files);
  request.set_profile(options.profile);
  request.set_board(options.board);
  request.set_person(person());
  request.set_lease(options.lease);
  for (const auto& tag : options.tags) request.add_tags(tag);
  for (const auto& [name, value] : options.params) (*request.mutable_params())[name] = value;
  request.set_project(options.project);
  request.set_rev(options.rev);
  request.set_ref(options.ref);
  request.set_priority(options.priority);
  request.set_repeat(options.repeat);
  return request;
}

}  // namespace

int execute(const RunOptions& options, const std::string& server) {
  Interrupts interrupts;
  const auto inputs = read_inputs(options);
  if (!inputs) {
    // Findings have their place in front already.
    if (inputs.error().cause != Cause::invalid) return complain(inputs.error());
    fmt::print(stderr, "{}\n", inputs.error().text);
    return 2;
  }
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  std::FILE* out = options.json ? stderr : stdout;
  if (const auto up = upload(*client, inputs->files, interrupts.token(), out); !up)
    return complain(up.error());
  const auto run = submit(*client, request_of(options, *inputs), interrupts.token());
  if (!run) {
    if (run.error().cause != Cause::invalid) return complain(run.error());
    fmt::print(stderr, "{}\n", run.error().text);
    return 2;
  }
  return see_through(*client, *run, interrupts, {options.detach, options.json, options.junit});
}

int execute(const RetestOptions& options, const std::string& server) {
  Interrupts interrupts;
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  const auto run = client->retest_run(options.run);
  if (!run) return complain(client->about_run(run.error()));
  return see_through(*client, *run, interrupts, {options.detach, options.json, ""});
}

int execute(const WatchOptions& options, const std::string& server) {
  Interrupts interrupts;
  auto client = Client::make(server);
  if (!client) return complain(client.error());
  // An assayd that restarts just now is waited for; its absence is told below.
  (void)client->wait_back(std::chrono::seconds(3), interrupts.token());
  const auto runs = follow_runs(*client, options.runs, interrupts, {false, stdout});
  if (!runs) return complain(client->about_run(runs.error()));
  std::vector<int> statuses;
  for (const v1::Run& run : *runs) {
    print(stdout, failure_lines(run));
    statuses.push_back(exit_status(run.verdict()));
  }
  for (const v1::Run& run : *runs) print(stdout, final_line(run, unix_micros()));
  return worst(statuses);
}

}  // namespace assay::cli
