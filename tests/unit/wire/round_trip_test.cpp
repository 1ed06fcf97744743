#include <assay/v1/event.pb.h>
#include <assay/v1/job.pb.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "generators.hpp"
#include "wire/event.hpp"
#include "wire/job.hpp"
#include "wire/limits.hpp"

namespace assay::wire {

RC_GTEST_PROP(Wire, EventsSurviveTheTrip, ()) {
  const evidence::Event event = test::event();
  const auto back = decode_event(as_bytes(encode(event)));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == event);
}

RC_GTEST_PROP(Wire, JobsSurviveTheTrip, ()) {
  const plans::JobSpec job = test::job();
  const std::string bytes = encode(job);
  const auto back = decode_job(as_bytes(bytes));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == job);
  RC_ASSERT(encode(*back) == bytes);
}

// Whatever arrives is refused or understood: then it can be said again.
RC_GTEST_PROP(Wire, DamagedEventsAreRefusedOrUnderstood, ()) {
  std::string bytes = encode(test::event());
  const int damages = *rc::gen::inRange(1, 4);
  for (int i = 0; i < damages; ++i) {
    bytes[static_cast<std::size_t>(test::below(static_cast<int>(bytes.size())))] =
        static_cast<char>(test::below(256));
  }
  if (test::flag())
    bytes.resize(static_cast<std::size_t>(test::below(static_cast<int>(bytes.size()))));
  const auto event = decode_event(as_bytes(bytes));
  if (event) RC_ASSERT(decode_event(as_bytes(encode(*event))).has_value());
}

RC_GTEST_PROP(Wire, DamagedJobsAreRefusedOrUnderstood, ()) {
  std::string bytes = encode(test::job());
  for (int i = test::below(4); i >= 0; --i) {
    bytes[static_cast<std::size_t>(test::below(static_cast<int>(bytes.size())))] =
        static_cast<char>(test::below(256));
  }
  const auto job = decode_job(as_bytes(bytes));
  if (job) RC_ASSERT(decode_job(as_bytes(encode(*job))).has_value());
}

TEST(Wire, AnEventCanAlwaysBeSaid) {
  evidence::Event event;
  event.seq = 1;
  event.at = -std::chrono::seconds(1);
  evidence::StepEnded ended;
  ended.sentence = "the console says \xff\xfe and then \x1b[31m";
  ended.findings.assign(
      100, {"console", std::string(9000, 'x'), "\xc3", evidence::Finding::Says::agrees});
  event.body = ended;
  const auto back = decode_event(as_bytes(encode(event)));
  ASSERT_TRUE(back) << back.error().text;
  const auto& out = std::get<evidence::StepEnded>(back->body);
  EXPECT_EQ(back->at, Duration::zero());
  EXPECT_EQ(out.sentence, "the console says \\xff\\xfe and then \\x1b[31m");
  ASSERT_EQ(out.findings.size(), max_findings);
  EXPECT_EQ(out.findings[0].expected, std::string(max_text - 3, 'x') + "...");
  EXPECT_EQ(out.findings[0].observed, "\\xc3");
}

static std::string refusal(const std::function<void(v1::Event&)>& change) {
  v1::Event event;
  event.set_seq(7);
  event.mutable_note()->set_text("x");
  change(event);
  const auto back = from_proto(event);
  return back ? "accepted" : back.error().text;
}

TEST(Wire, RefusedEventsNameTheField) {
  EXPECT_EQ(refusal([](auto&) {}), "accepted");
  EXPECT_EQ(refusal([](auto& e) { e.set_seq(0); }), "event 0: seq: 0, the first is 1");
  EXPECT_EQ(refusal([](auto& e) { e.clear_body(); }), "event 7: no body that protocol 1 knows");
  EXPECT_EQ(refusal([](auto& e) { e.mutable_at()->set_seconds(-1); }),
            "event 7: at: not a duration of 0 to 2592000 s");
  EXPECT_EQ(refusal([](auto& e) { e.mutable_at()->set_nanos(1'000'000'000); }),
            "event 7: at: not a duration of 0 to 2592000 s");
  EXPECT_EQ(refusal([](auto& e) { e.set_role(std::string(65, 'a')); }),
            "event 7: role: 65 bytes, at most 64");
  EXPECT_EQ(refusal([](auto& e) { e.mutable_step_ended()->set_state(v1::STEP_STATE_RUNNING); }),
            "event 7: step_ended.state: 1 is none that a step ends in");
  EXPECT_EQ(
      refusal([](auto& e) { e.mutable_step_ended()->set_state(static_cast<v1::StepState>(99)); }),
      "event 7: step_ended.state: 99 is none that a step ends in");
  EXPECT_EQ(refusal([](auto& e) { e.mutable_step_started()->set_step(10'000); }),
            "event 7: step_started.step: 10000, at most 9999");
  EXPECT_EQ(refusal([](auto& e) { e.mutable_attempt_ended(); }),
            "event 7: attempt_ended.verdict: 0 is none");
  EXPECT_EQ(refusal([](auto& e) {
              e.mutable_attempt_ended()->set_verdict(v1::VERDICT_FAILED);
              e.mutable_attempt_ended()->set_step(-2);
            }),
            "event 7: attempt_ended.step: -2, from -1 to 9999");
  EXPECT_EQ(refusal([](auto& e) { e.mutable_console()->set_data(std::string(65'537, 'x')); }),
            "event 7: console.data: 65537 bytes, at most 65536");
}

static std::string job_refusal(const std::function<void(v1::JobSpec&)>& change) {
  v1::JobSpec job;
  auto* role = job.add_roles();
  role->set_name("dut");
  role->mutable_profile()->set_deadline_factor(1);
  auto* artifact = job.add_artifacts();
  artifact->set_name("base");
  artifact->set_sha256(std::string(64, '0'));
  auto* step = job.add_steps();
  step->set_role("dut");
  step->mutable_flash()->set_artifact("base");
  change(job);
  const auto back = from_proto(job);
  return back ? "accepted" : back.error().text;
}

TEST(Wire, RefusedJobsNameTheField) {
  EXPECT_EQ(job_refusal([](auto&) {}), "accepted");
  EXPECT_EQ(job_refusal([](auto& j) { j.mutable_steps(0)->set_role("x"); }),
            "job: step 0: role: there is none called 'x'");
  EXPECT_EQ(job_refusal([](auto& j) { j.mutable_steps(0)->mutable_flash()->set_artifact("y"); }),
            "job: step 0: artifact: there is none called 'y'");
  EXPECT_EQ(job_refusal([](auto& j) { j.mutable_steps(0)->clear_action(); }),
            "job: step 0: no action that protocol 1 knows");
  EXPECT_EQ(job_refusal([](auto& j) { j.mutable_steps(0)->mutable_power()->set_to("up"); }),
            "job: step 0: power.to: 'up' is none of on, off, cycle");
  EXPECT_EQ(
      job_refusal([](auto& j) { j.mutable_artifacts(0)->set_sha256("../../etc/passwd"); }),
      "job: artifact.sha256: '../../etc/passwd' of 'base' is not 64 lower-case hexadecimal digits");
  EXPECT_EQ(
      job_refusal([](auto& j) { j.mutable_roles(0)->mutable_profile()->set_deadline_factor(0); }),
      "job: profile.deadline_factor: 0, from 0.1 to 100");
  EXPECT_EQ(job_refusal([](auto& j) { j.mutable_roles(0)->mutable_profile()->set_erased(256); }),
            "job: profile.erased: 256, at most 255");
  EXPECT_EQ(job_refusal([](auto& j) { j.add_roles()->CopyFrom(j.roles(0)); }),
            "job: roles: 'dut' is there twice");
  EXPECT_EQ(job_refusal([](auto& j) {
              auto* a = j.add_artifacts();
              a->set_name("bad");
              a->set_from("gone");
            }),
            "job: artifact.from: 'bad' is derived from 'gone', which is not there");
}

}  // namespace assay::wire
