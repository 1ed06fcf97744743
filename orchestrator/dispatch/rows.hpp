// The scheduler's records as the store's rows, and back. Thread-safe: free functions.
#pragma once

#include "dispatch/dispatcher.hpp"
#include "scheduler/types.hpp"
#include "store/store.hpp"

namespace assay::dispatch {

// The same moment by both clocks: the store's rows have the wall's, for people.
struct Now {
  BootTime boot;
  std::int64_t unix_micros = 0;
};

// JobRecord::work.
std::string work_word(const std::string& plan, const std::string& profile);

// With what the scheduler does not look at; `now` in microseconds since 1970.
store::RunRow first_row(const NewRun&, const scheduler::RunRecord&, std::int64_t now);
store::JobRow first_row(const NewJob&, scheduler::JobId);

// Updates: what cannot change is left "" and so kept.
store::RunRow row_of(const scheduler::RunRecord&, Now);
store::JobRow row_of(const scheduler::JobRecord&);
store::AttemptRow row_of(const scheduler::AttemptRecord&, std::int64_t now);
store::BoardRow row_of(const scheduler::BoardRecord&);

// Cause::invalid names the row that makes no sense.
Result<scheduler::Saved> saved_of(const store::OpenWork&, Now);

}  // namespace assay::dispatch
