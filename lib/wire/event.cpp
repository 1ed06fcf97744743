#include "wire/event.hpp"

#include <assay/v1/event.pb.h>

#include <algorithm>

#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::wire {

using evidence::Finding;
using evidence::StepState;
using evidence::Verdict;

int to_proto(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return v1::VERDICT_PASSED;
    case Verdict::failed:
      return v1::VERDICT_FAILED;
    case Verdict::lab_error:
      return v1::VERDICT_LAB_ERROR;
    case Verdict::cancelled:
      return v1::VERDICT_CANCELLED;
  }
  return v1::VERDICT_LAB_ERROR;
}

Result<Verdict> verdict_from_proto(int value) {
  for (const Verdict v :
       {Verdict::passed, Verdict::failed, Verdict::lab_error, Verdict::cancelled}) {
    if (to_proto(v) == value) return v;
  }
  return fail(Cause::invalid, "verdict: {} is none", value);
}

int to_proto(StepState state) {
  switch (state) {
    case StepState::passed:
      return v1::STEP_STATE_PASSED;
    case StepState::failed:
      return v1::STEP_STATE_FAILED;
    case StepState::lab_error:
      return v1::STEP_STATE_LAB_ERROR;
    case StepState::cancelled:
      return v1::STEP_STATE_CANCELLED;
    case StepState::skipped:
      return v1::STEP_STATE_SKIPPED;
  }
  return v1::STEP_STATE_SKIPPED;
}

Result<StepState> step_state_from_proto(int value) {
  for (const StepState s : {StepState::passed, StepState::failed, StepState::lab_error,
                            StepState::cancelled, StepState::skipped}) {
    if (to_proto(s) == value) return s;
  }
  return fail(Cause::invalid, "state: {} is none that a step ends in", value);
}

int to_proto(Finding::Says says) {
  switch (says) {
    case Finding::Says::agrees:
      return v1::Finding::SAYS_AGREES;
    case Finding::Says::disagrees:
      return v1::Finding::SAYS_DISAGREES;
    case Finding::Says::cannot_tell:
      return v1::Finding::SAYS_CANNOT_TELL;
  }
  return v1::Finding::SAYS_CANNOT_TELL;
}

Result<Finding::Says> says_from_proto(int value) {
  for (const auto s :
       {Finding::Says::agrees, Finding::Says::disagrees, Finding::Says::cannot_tell}) {
    if (to_proto(s) == value) return s;
  }
  return fail(Cause::invalid, "says: {} is nothing a channel says", value);
}

namespace {

struct Writer {
  v1::Event* out;

  void operator()(const evidence::AttemptStarted& in) const {
    auto* m = out->mutable_attempt_started();
    m->set_unix_micros(in.unix_micros);
    m->set_agent(wire_text(in.agent, max_name));
    for (const auto& [name, version] : in.environment) {
      if (m->environment().size() == max_environment) break;
      (*m->mutable_environment())[wire_text(name, max_word)] = wire_text(version, max_word);
    }
  }
  void operator()(const evidence::StepStarted& in) const {
    auto* m = out->mutable_step_started();
    m->set_step(in.step);
    m->set_id(wire_text(in.id, max_word));
    m->set_text(wire_text(in.text, max_text));
    m->set_place(wire_text(in.place, max_text));
  }
  void operator()(const evidence::StepProgress& in) const {
    auto* m = out->mutable_step_progress();
    m->set_step(in.step);
    m->set_done(in.done);
    m->set_total(in.total);
    m->set_unit(wire_text(in.unit, max_name));
    m->set_doing(wire_text(in.doing, max_name));
  }
  void operator()(const evidence::StepEnded& in) const {
    auto* m = out->mutable_step_ended();
    m->set_step(in.step);
    m->set_state(static_cast<v1::StepState>(to_proto(in.state)));
    m->set_sentence(wire_text(in.sentence, max_text));
    for (const Finding& finding : in.findings) {
      if (static_cast<std::size_t>(m->findings_size()) == max_findings) break;
      auto* f = m->add_findings();
      f->set_channel(wire_text(finding.channel, max_name));
      f->set_expected(wire_text(finding.expected, max_text));
      f->set_observed(wire_text(finding.observed, max_text));
      f->set_says(static_cast<v1::Finding::Says>(to_proto(finding.says)));
    }
    m->set_console_offset(in.console_offset);
    m->set_console_length(in.console_length);
    m->set_already_there(in.already_there);
  }
  void operator()(const evidence::ConsoleBytes& in) const {
    auto* m = out->mutable_console();
    m->set_offset(in.offset);
    m->set_sent(in.sent);
    m->set_data(in.bytes.data(), in.bytes.size());
  }
  void operator()(const evidence::PowerEdge& in) const {
    auto* m = out->mutable_power();
    m->set_on(in.on);
    m->set_verified(in.verified);
  }
  void operator()(const evidence::ResetPulse&) const { out->mutable_reset(); }
  void operator()(const evidence::Measurement& in) const {
    auto* m = out->mutable_measurement();
    m->set_name(wire_text(in.name, max_word));
    m->set_value(in.value);
    m->set_unit(wire_text(in.unit, max_name));
  }
  void operator()(const evidence::Note& in) const {
    out->mutable_note()->set_text(wire_text(in.text, max_text));
  }
  void operator()(const evidence::AttemptEnded& in) const {
    auto* m = out->mutable_attempt_ended();
    m->set_verdict(static_cast<v1::Verdict>(to_proto(in.verdict)));
    m->set_sentence(wire_text(in.sentence, max_text));
    m->set_step(in.step);
    m->set_retry_elsewhere(in.retry_elsewhere);
  }
};

Result<evidence::Body> read(const v1::Event::AttemptStarted& in) {
  evidence::AttemptStarted out{in.unix_micros(), in.agent(), {}};
  TRY(check_text("attempt_started.agent", in.agent(), max_name));
  TRY(check_count("attempt_started.environment", in.environment().size(), max_environment));
  for (const auto& [name, version] : in.environment()) {
    TRY(check_text("attempt_started.environment", name, max_word));
    TRY(check_text("attempt_started.environment", version, max_word));
    out.environment[name] = version;
  }
  return out;
}

Result<> check_step(std::string_view what, std::uint32_t step) {
  if (step < max_steps) return {};
  return fail(Cause::invalid, "{}.step: {}, at most {}", what, step, max_steps - 1);
}

Result<evidence::Body> read(const v1::Event::StepStarted& in) {
  TRY(check_step("step_started", in.step()));
  TRY(check_text("step_started.id", in.id(), max_word));
  TRY(check_text("step_started.text", in.text(), max_text));
  TRY(check_text("step_started.place", in.place(), max_text));
  return evidence::StepStarted{in.step(), in.id(), in.text(), in.place()};
}

Result<evidence::Body> read(const v1::Event::StepProgress& in) {
  TRY(check_step("step_progress", in.step()));
  TRY(check_text("step_progress.unit", in.unit(), max_name));
  TRY(check_text("step_progress.doing", in.doing(), max_name));
  return evidence::StepProgress{in.step(), in.done(), in.total(), in.unit(), in.doing()};
}

Result<evidence::Body> read(const v1::Event::StepEnded& in) {
  TRY(check_step("step_ended", in.step()));
  TRY(check_text("step_ended.sentence", in.sentence(), max_text));
  TRY(check_count("step_ended.findings", static_cast<std::size_t>(in.findings_size()),
                  max_findings));
  evidence::StepEnded out{
      in.step(),         {}, in.sentence(), {}, in.console_offset(), in.console_length(),
      in.already_there()};
  auto state = step_state_from_proto(in.state());
  if (!state) return tl::unexpected(Error{Cause::invalid, "step_ended." + state.error().text});
  out.state = *state;
  for (const v1::Finding& f : in.findings()) {
    TRY(check_text("step_ended.findings.channel", f.channel(), max_name));
    TRY(check_text("step_ended.findings.expected", f.expected(), max_text));
    TRY(check_text("step_ended.findings.observed", f.observed(), max_text));
    auto says = says_from_proto(f.says());
    if (!says)
      return tl::unexpected(Error{Cause::invalid, "step_ended.findings." + says.error().text});
    out.findings.push_back({f.channel(), f.expected(), f.observed(), *says});
  }
  return out;
}

Result<evidence::Body> read(const v1::Event::ConsoleBytes& in) {
  TRY(check_text("console.data", in.data(), max_console_piece));
  const ByteView data = as_bytes(in.data());
  return evidence::ConsoleBytes{in.offset(), in.sent(), Bytes(data.begin(), data.end())};
}

Result<evidence::Body> read(const v1::Event::Measurement& in) {
  TRY(check_text("measurement.name", in.name(), max_word));
  TRY(check_text("measurement.unit", in.unit(), max_name));
  return evidence::Measurement{in.name(), in.value(), in.unit()};
}

Result<evidence::Body> read(const v1::Event::Note& in) {
  TRY(check_text("note.text", in.text(), max_text));
  return evidence::Note{in.text()};
}

Result<evidence::Body> read(const v1::Event::AttemptEnded& in) {
  TRY(check_text("attempt_ended.sentence", in.sentence(), max_text));
  auto verdict = verdict_from_proto(in.verdict());
  if (!verdict)
    return tl::unexpected(Error{Cause::invalid, "attempt_ended." + verdict.error().text});
  if (in.step() < -1 || in.step() >= static_cast<std::int64_t>(max_steps)) {
    return fail(Cause::invalid, "attempt_ended.step: {}, from -1 to {}", in.step(), max_steps - 1);
  }
  return evidence::AttemptEnded{*verdict, in.sentence(), in.step(), in.retry_elsewhere()};
}

Result<evidence::Body> read_body(const v1::Event& in) {
  switch (in.body_case()) {
    case v1::Event::kAttemptStarted:
      return read(in.attempt_started());
    case v1::Event::kStepStarted:
      return read(in.step_started());
    case v1::Event::kStepProgress:
      return read(in.step_progress());
    case v1::Event::kStepEnded:
      return read(in.step_ended());
    case v1::Event::kConsole:
      return read(in.console());
    case v1::Event::kPower:
      return evidence::PowerEdge{in.power().on(), in.power().verified()};
    case v1::Event::kReset:
      return evidence::ResetPulse{};
    case v1::Event::kMeasurement:
      return read(in.measurement());
    case v1::Event::kNote:
      return read(in.note());
    case v1::Event::kAttemptEnded:
      return read(in.attempt_ended());
    case v1::Event::BODY_NOT_SET:
      break;
  }
  return fail(Cause::invalid, "no body that protocol {} knows", protocol_version);
}

Result<evidence::Event> read_event(const v1::Event& in) {
  evidence::Event out;
  out.seq = in.seq();
  if (in.seq() == 0) return fail(Cause::invalid, "seq: 0, the first is 1");
  out.at = TRY(from_proto("at", in.at()));
  TRY(check_text("role", in.role(), max_name));
  TRY(check_text("board", in.board(), max_name));
  out.role = in.role();
  out.board = in.board();
  out.body = TRY(read_body(in));
  return out;
}

}  // namespace

void to_proto(const evidence::Event& in, v1::Event* out) {
  out->set_seq(in.seq);
  to_proto(std::clamp(in.at, Duration::zero(), max_duration), out->mutable_at());
  out->set_role(wire_text(in.role, max_name));
  out->set_board(wire_text(in.board, max_name));
  std::visit(Writer{out}, in.body);
}

Result<evidence::Event> from_proto(const v1::Event& in) {
  auto event = read_event(in);
  if (!event) return tl::unexpected(event.error().in(fmt::format("event {}", in.seq())));
  return event;
}

std::string encode(const evidence::Event& event) {
  v1::Event message;
  to_proto(event, &message);
  return message.SerializeAsString();
}

Result<evidence::Event> decode_event(ByteView bytes) {
  v1::Event message;
  if (bytes.size() > max_message ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Cause::invalid, "{} bytes are not an event", bytes.size());
  }
  return from_proto(message);
}

}  // namespace assay::wire
