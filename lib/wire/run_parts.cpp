#include "wire/run_parts.hpp"

#include <assay/v1/orchestrator.pb.h>

#include <unordered_map>

namespace assay::wire {

namespace {

// Almost always the last one, or new.
template <class List>
typename List::value_type* find(List& list, const std::string& id) {
  for (int i = list.size() - 1; i >= 0; --i) {
    if (list.Get(i).id() == id) return list.Mutable(i);
  }
  return nullptr;
}

void merge(v1::Attempt& attempt, v1::Attempt&& part) {
  google::protobuf::RepeatedPtrField<v1::StepResult> steps, fresh;
  steps.Swap(attempt.mutable_steps());
  fresh.Swap(part.mutable_steps());
  attempt = std::move(part);
  std::unordered_map<std::uint32_t, int> places;
  for (int i = 0; i < steps.size() && !fresh.empty(); ++i) places[steps.Get(i).index()] = i;
  for (auto& step : fresh) {
    const auto place = places.find(step.index());
    if (place == places.end()) {
      places[step.index()] = steps.size();
      steps.Add(std::move(step));
    } else {
      *steps.Mutable(place->second) = std::move(step);
    }
  }
  steps.Swap(attempt.mutable_steps());
}

void merge(v1::Job& job, v1::Job&& part) {
  google::protobuf::RepeatedPtrField<v1::Attempt> attempts, fresh;
  attempts.Swap(job.mutable_attempts());
  fresh.Swap(part.mutable_attempts());
  job = std::move(part);
  for (auto& attempt : fresh) {
    auto* known = find(attempts, attempt.id());
    merge(known != nullptr ? *known : *attempts.Add(), std::move(attempt));
  }
  attempts.Swap(job.mutable_attempts());
}

}  // namespace

void merge(v1::Run& run, v1::Run&& part) {
  google::protobuf::RepeatedPtrField<v1::Job> jobs, fresh;
  jobs.Swap(run.mutable_jobs());
  fresh.Swap(part.mutable_jobs());
  run = std::move(part);
  for (auto& job : fresh) {
    auto* known = find(jobs, job.id());
    merge(known != nullptr ? *known : *jobs.Add(), std::move(job));
  }
  jobs.Swap(run.mutable_jobs());
}

}  // namespace assay::wire
