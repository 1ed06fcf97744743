#include "api/submit.hpp"

#include <assay/v1/orchestrator.pb.h>

#include <algorithm>
#include <set>

#include "api/leases.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "images/load.hpp"
#include "plans/compile.hpp"
#include "plans/shipped.hpp"
#include "wire/job.hpp"
#include "wire/limits.hpp"
#include "wire/scalar.hpp"

namespace assay::api {

namespace {

constexpr std::size_t max_fragments = 64;
constexpr std::size_t max_bytes = 64U << 20;  // of all jobs of a run, compiled

Result<> check_request(const v1::SubmitRunRequest& in) {
  using wire::check_text;
  TRY(check_text("plan name", in.plan_name(), wire::max_name));
  TRY(check_text("plan's file name", in.plan().name(), wire::max_text));
  TRY(check_text("plan", in.plan().text(), wire::max_source_file));
  TRY(wire::check_count("fragments", static_cast<std::size_t>(in.fragments_size()), max_fragments));
  TRY(wire::check_count("artifacts", static_cast<std::size_t>(in.artifacts_size()),
                        wire::max_artifacts));
  TRY(wire::check_count("params", in.params().size(), wire::max_params));
  for (const auto& fragment : in.fragments()) {
    TRY(check_text("fragment's file name", fragment.name(), wire::max_text));
    TRY(check_text("fragment", fragment.text(), wire::max_source_file));
  }
  for (const auto& [name, value] : in.params()) {
    TRY(check_text("parameter's name", name, wire::max_name));
    TRY(check_text("parameter " + name, value, wire::max_text));
  }
  TRY(check_text("profile", in.profile(), wire::max_name));
  TRY(check_text("board", in.board(), wire::max_name));
  TRY(check_text("project", in.project(), wire::max_word));
  TRY(check_text("rev", in.rev(), wire::max_word));
  TRY(check_text("ref", in.ref(), wire::max_word));
  TRY(check_text("request_id", in.request_id(), wire::max_name));
  TRY(wire::check_count("tags", static_cast<std::size_t>(in.tags_size()), wire::max_abilities));
  for (const auto& tag : in.tags()) TRY(check_text("tag", tag, wire::max_name));
  if (in.priority() < -100 || in.priority() > 100) {
    return fail(Cause::invalid, "priority {}: from -100 to 100", in.priority());
  }
  if (in.repeat() > max_jobs)
    return fail(Cause::invalid, "repeat {}: at most {}", in.repeat(), max_jobs);
  if (in.plan_name().empty() == in.plan().text().empty()) {
    return fail(Cause::invalid, "name a shipped plan or give a plan's text: one of the two");
  }
  return {};
}

// `use: NAME` means the file fragments/NAME.yaml.
plans::FragmentSource given_fragments(const v1::SubmitRunRequest& request) {
  return [&request](const std::string& name) -> std::optional<plans::SourceText> {
    for (const auto& fragment : request.fragments()) {
      std::string_view stem = fragment.name();
      stem.remove_prefix(stem.rfind('/') + 1);  // npos + 1 is 0
      if (stem == name || stem == name + ".yaml")
        return plans::SourceText{fragment.name(), fragment.text()};
    }
    return plans::shipped_fragments()(name);
  };
}

Result<plans::Plan> read_plan(v1::SubmitRunRequest& request) {
  if (!request.plan_name().empty()) {
    auto shipped = TRY(plans::shipped_plan(request.plan_name()));
    request.clear_plan_name();
    request.mutable_plan()->set_name(shipped.file);
    request.mutable_plan()->set_text(shipped.text);
  }
  const std::string file = request.plan().name().empty() ? "plan.yaml" : request.plan().name();
  auto plan = plans::parse_plan(request.plan().text(), file);
  if (!plan) return tl::unexpected(plans::to_error(plan.error()));
  const auto used = plans::fragments_used(*plan, given_fragments(request));
  request.clear_fragments();
  for (const auto& [name, source] : used) {
    auto* fragment = request.add_fragments();
    fragment->set_name(source.file);
    fragment->set_text(source.text);
  }
  return std::move(*plan);
}

// Only containers that must be decoded to be flashed can be wrong here; bytes
// under test are never prejudged.
Result<plans::GivenArtifact> check_artifact(Backend& backend, const v1::NamedArtifact& in) {
  TRY(wire::check_name("artifact", in.name()));
  TRY(wire::check_text("artifact's file name", in.file_name(), wire::max_text));
  const auto stat = TRY(backend.parts.artifacts.stat(in.sha256()));
  const std::string file = in.file_name().substr(in.file_name().rfind('/') + 1);
  const std::string shown = wire::wire_text(file.empty() ? in.name() : file, wire::max_word);
  if (!stat.complete) {
    return fail(Cause::invalid,
                "artifact '{}' ({}): {} is not in the artifact store: upload it first", in.name(),
                shown, in.sha256());
  }
  if (in.size() != 0 && in.size() != stat.size) {
    return fail(Cause::invalid, "artifact '{}' ({}): has {} bytes, not {}", in.name(), shown,
                stat.size, in.size());
  }
  if (stat.size > max_artifact_bytes) {
    return fail(Cause::invalid, "artifact '{}' ({}): has {} bytes, at most {}", in.name(), shown,
                stat.size, max_artifact_bytes);
  }
  const auto reader = TRY(backend.parts.artifacts.get(in.sha256()));
  const auto head = TRY(reader.read(0, 4096));
  if (images::detect(head, file) != images::Container::raw) {
    const auto bytes = TRY(reader.read(0, static_cast<std::size_t>(images::default_limit) + 1));
    TRY(images::parse(bytes, in.file_name().empty() ? in.name() : in.file_name(), 0));
  }
  return plans::GivenArtifact{in.sha256(), stat.size, shown};
}

std::vector<std::string> obstacles(const plans::Plan& plan, const plans::FragmentSource& fragments,
                                   const plans::Profile& profile) {
  std::vector<std::string> missing;
  for (const auto& role : plan.roles) {
    const auto lacks = plans::missing_abilities(plan, fragments, role.name, profile);
    missing.insert(missing.end(), lacks.begin(), lacks.end());
  }
  return missing;
}

// The board types to run on: the one that was asked for, or that of the board
// that was asked for, or all that some board has and that fit.
Result<std::vector<plans::Profile>> choose_profiles(Backend& backend,
                                                    const v1::SubmitRunRequest& request,
                                                    const plans::Plan& plan) {
  std::vector<plans::Profile> chosen;
  if (!request.profile().empty()) {
    chosen.push_back(TRY(plans::shipped_profile(request.profile())));
    return chosen;
  }
  std::set<std::string> known;
  for (const auto& board : backend.parts.dispatcher.boards()) {
    if (request.board().empty() || board.facts.id == request.board())
      known.insert(board.facts.profile);
  }
  if (known.empty() && !request.board().empty()) {
    return fail(Cause::not_found, "no board '{}' is known; name its --profile to wait for it",
                request.board());
  }
  std::vector<std::string> why_not;
  for (const std::string& name : known) {
    auto profile = plans::shipped_profile(name);
    if (!profile) {
      why_not.push_back(profile.error().text);
      continue;
    }
    const auto missing = obstacles(plan, given_fragments(request), *profile);
    if (missing.empty() || !request.board().empty()) {
      chosen.push_back(std::move(*profile));  // of a named board compile() says it with the place
    } else {
      why_not.push_back(fmt::format("{} lacks {}", name, join(missing)));
    }
  }
  if (!chosen.empty()) return chosen;
  if (known.empty()) {
    return fail(Cause::refused,
                "no board is known yet: start an agent, or name a --profile to wait for one");
  }
  return fail(Cause::refused, "no known board fits plan '{}': {}", plan.name, join(why_not, "; "));
}

Result<dispatch::NewJob> compile_job(const v1::SubmitRunRequest& request, const plans::Plan& plan,
                                     const std::map<std::string, plans::GivenArtifact>& artifacts,
                                     const plans::Profile& profile) {
  plans::CompileInputs inputs;
  inputs.fragments = given_fragments(request);
  inputs.artifacts = artifacts;
  inputs.params = {request.params().begin(), request.params().end()};
  inputs.leave_as_is = request.leave_as_is();
  for (const auto& role : plan.roles) inputs.profiles[role.name] = profile;
  if (!request.board().empty()) {
    if (plan.roles.size() != 1) {
      return fail(Cause::invalid,
                  "plan '{}' has {} roles: a board can only be chosen for a plan with one",
                  plan.name, plan.roles.size());
    }
    inputs.boards[plan.roles.front().name] = request.board();
  }
  auto spec = plans::compile(plan, inputs);
  if (!spec) return tl::unexpected(plans::to_error(spec.error()));
  dispatch::NewJob job;
  job.profile = profile.name;
  job.params = spec->params;
  job.spec = wire::encode(*spec);
  job.spec_digest = plans::spec_digest(*spec);
  if (job.spec.size() > wire::max_job_spec) {
    return fail(Cause::invalid, "plan '{}': compiled it has {} bytes, at most {}", plan.name,
                job.spec.size(), wire::max_job_spec);
  }
  // What an agent would refuse is refused here.
  if (auto readable = wire::decode_job(as_bytes(job.spec)); !readable) {
    return tl::unexpected(readable.error().in(fmt::format("plan '{}'", plan.name)));
  }
  std::set<std::string> verbs;
  for (const auto* steps : {&spec->steps, &spec->finally}) {
    for (const auto& step : *steps) verbs.insert(std::string(plans::verb_of(step.action)));
  }
  job.verbs.assign(verbs.begin(), verbs.end());
  for (std::size_t i = 0; i < spec->roles.size(); ++i) {
    const plans::Role& role = spec->roles[i];  // in the order of the plan's
    std::vector<std::string> tags = plan.roles[i].tags;
    tags.insert(tags.end(), request.tags().begin(), request.tags().end());
    job.needs.push_back({role.name, role.profile.name, role.needs, role.board, std::move(tags)});
  }
  return job;
}

}  // namespace

Result<dispatch::NewRun> compile_run(Backend& backend, v1::SubmitRunRequest request) {
  TRY(check_request(request));
  const auto plan = TRY(read_plan(request));
  const std::string lease = TRY(choose_lease(backend, request));
  if (!lease.empty() && plan.roles.size() != 1) {
    return fail(Cause::invalid, "plan '{}' needs {} boards at once, the lease {} has one",
                plan.name, plan.roles.size(), lease);
  }
  std::map<std::string, plans::GivenArtifact> artifacts;
  for (const auto& artifact : request.artifacts()) {
    if (!artifacts.emplace(artifact.name(), TRY(check_artifact(backend, artifact))).second) {
      return fail(Cause::invalid, "artifact '{}' is given twice", artifact.name());
    }
  }
  dispatch::NewRun run;
  for (const auto& profile : TRY(choose_profiles(backend, request, plan))) {
    const auto job = TRY(compile_job(request, plan, artifacts, profile));
    run.jobs.insert(run.jobs.end(), std::max<std::size_t>(1, request.repeat()), job);
    if (run.jobs.size() > max_jobs || run.jobs.size() * job.spec.size() > max_bytes) {
      return fail(Cause::invalid,
                  "{} jobs of {} bytes, at most {} and {} bytes in all: ask for fewer repetitions",
                  run.jobs.size(), job.spec.size(), max_jobs, max_bytes);
    }
  }
  run.plan = plan.name;
  run.project = request.project();
  run.rev = request.rev();
  run.ref = request.ref();
  run.request_id = request.request_id();
  run.priority = request.priority();
  run.lease = lease;
  run.request = request.SerializeAsString();
  return run;
}

}  // namespace assay::api
