// Events and jobs as peers send them and as files keep them.
#include "evidence/record.hpp"
#include "fuzz.hpp"
#include "plans/job_spec.hpp"
#include "wire/event.hpp"
#include "wire/job.hpp"

using namespace assay;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto event = wire::decode_event({data, size})) {
    (void)wire::encode(*event);
    evidence::AttemptRecord record;
    record.add(*event);
  }
  if (const auto job = wire::decode_job({data, size})) (void)wire::encode(*job);
  return 0;
}

std::vector<std::string> fuzz::seeds() {
  using namespace evidence;
  std::vector<std::string> all;
  const std::vector<Body> bodies = {AttemptStarted{1'000'000, "agent", {{"qemu", "7.2"}}},
                                    StepStarted{3, "confirm", "confirm", "plan.yaml:3:4"},
                                    StepEnded{3,
                                              StepState::failed,
                                              "it did not",
                                              {{"smp", "a", "b", Finding::Says::disagrees}},
                                              100,
                                              200},
                                    ConsoleBytes{100, false, Bytes(200, 'x')},
                                    PowerEdge{true, true},
                                    AttemptEnded{Verdict::failed, "it did not", 3, false}};
  for (const auto& body : bodies)
    all.push_back(wire::encode(Event{1, Duration(5), "dut", "b1", body}));
  plans::JobSpec job;
  job.plan = "p";
  job.roles.emplace_back().name = "dut";
  plans::Step step;
  step.role = "dut";
  step.action = plans::Expect{};
  job.steps = {step, step};
  job.finally = {step};
  all.push_back(wire::encode(job));
  return all;
}
