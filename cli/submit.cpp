#include "cli/submit.hpp"

#include <fmt/core.h>
#include <sys/random.h>

#include <array>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/report_run.hpp"
#include "cli/run_view.hpp"
#include "cli/words.hpp"

namespace assay::cli {
namespace {

using namespace std::chrono_literals;
constexpr Duration patience = 60s;

}  // namespace

std::string request_id() {
  std::array<std::uint8_t, 16> bytes{};
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return "";
  return to_hex(bytes);
}

Result<> upload(Client& client, const std::vector<InputFile>& files, std::stop_token stop,
                std::FILE* out) {
  const Terminal terminal = terminal_of(out);
  LiveArea area(out);
  for (const InputFile& file : files) {
    const std::string name = printable(file.path.filename().string());
    auto next = Deadline::after(0s);
    TRY(client.put_artifact(file.sha256, file.path, file.size, stop, [&](UploadProgress at) {
      if (!terminal.live || !next.passed()) return;
      next = Deadline::after(100ms);
      area.draw({{{fmt::format("uploading {} {} of {}", name, human_size(at.done),
                               human_size(at.total))}}},
                terminal);
    }));
  }
  return {};
}

void set_plan(v1::SubmitRunRequest& request, const InputPlan& input) {
  if (!input.shipped.empty()) {
    request.set_plan_name(input.shipped);
    return;
  }
  request.mutable_plan()->set_name(input.source.file);
  request.mutable_plan()->set_text(input.source.text);
  for (const auto& [name, source] : input.fragments) {
    auto* fragment = request.add_fragments();
    fragment->set_name(source.file);
    fragment->set_text(source.text);
  }
}

void set_artifacts(v1::SubmitRunRequest& request, const std::vector<InputFile>& files) {
  for (const InputFile& file : files) {
    auto* artifact = request.add_artifacts();
    artifact->set_name(file.name);
    artifact->set_sha256(file.sha256);
    artifact->set_size(file.size);
    artifact->set_file_name(printable(file.path.filename().string()));
  }
}

Result<v1::Run> submit(Client& client, v1::SubmitRunRequest request, std::stop_token stop) {
  request.set_request_id(request_id());
  // A first contact tells an assayd that is not there from one that went away.
  TRY(client.list_agents());
  const auto end = Deadline::after(patience);
  while (true) {
    auto run = client.submit_run(request);
    if (run) return run;
    const bool broke =
        run.error().cause == Cause::unavailable || run.error().cause == Cause::timeout;
    if (!broke || request.request_id().empty() || end.passed() || stop.stop_requested()) return run;
    TRY(client.wait_back(end.left(), stop));
  }
}

int see_through(Client& client, const v1::Run& run, Interrupts& interrupts,
                const Outcome& outcome) {
  std::FILE* out = outcome.json ? stderr : stdout;
  if (outcome.detach && outcome.json) {
    const auto whole = client.get_run(run.id());
    if (!whole) return complain(whole.error());
    fmt::print("{}", to_json(*whole));
    return 0;
  }
  if (outcome.detach) {
    fmt::print("run {} {}\n", printable(run.id()), printable(run.plan()));
    return 0;
  }
  print(out, Line{{"run "}, {printable(run.id()), Tone::bold}, {" " + printable(run.plan())}});
  const auto runs = follow_runs(client, {run.id()}, interrupts, {true, out});
  if (!runs) return complain(runs.error());
  const v1::Run& ended = runs->front();
  if (!outcome.junit.empty()) {
    if (const auto wrote = write_junit(ended, outcome.junit); !wrote)
      return complain(wrote.error());
  }
  print(out, failure_lines(ended));
  print(out, final_line(ended, unix_micros()));
  if (outcome.json) fmt::print("{}", to_json(ended));
  return exit_status(ended.verdict());
}

}  // namespace assay::cli
