#include "store/update.hpp"

#include <utility>

namespace assay::store {

static void keep(std::string& stored, const std::string& given) {
  if (!given.empty()) stored = given;
}
static void keep_first(std::int64_t& stored, std::int64_t given) {
  if (stored == 0) stored = given;
}

void update(RunRow& row, const RunRow& given) {
  const RunRow before = std::exchange(row, given);
  for (std::string RunRow::*text : {&RunRow::plan, &RunRow::project, &RunRow::rev, &RunRow::ref,
                                    &RunRow::request_id, &RunRow::request, &RunRow::person}) {
    row.*text = before.*text;
    keep(row.*text, given.*text);
  }
  for (std::int64_t RunRow::*time : {&RunRow::submitted, &RunRow::started, &RunRow::ended}) {
    row.*time = before.*time;
    keep_first(row.*time, given.*time);
  }
  for (std::int64_t RunRow::*number : {&RunRow::hold, &RunRow::until, &RunRow::lease}) {
    if (row.*number == 0) row.*number = before.*number;
  }
}

void update(JobRow& row, const JobRow& given) {
  const JobRow before = std::exchange(row, given);
  for (std::string JobRow::*text : {&JobRow::profile, &JobRow::params_json, &JobRow::needs_json,
                                    &JobRow::verbs_json, &JobRow::spec, &JobRow::spec_digest}) {
    row.*text = before.*text;
    keep(row.*text, given.*text);
  }
}

void update(AttemptRow& row, const AttemptRow& given) {
  const AttemptRow before = std::exchange(row, given);
  for (std::string AttemptRow::*text :
       {&AttemptRow::agent, &AttemptRow::incarnation, &AttemptRow::leases_json}) {
    row.*text = before.*text;
    keep(row.*text, given.*text);
  }
  for (std::int64_t AttemptRow::*time : {&AttemptRow::started, &AttemptRow::ended}) {
    row.*time = before.*time;
    keep_first(row.*time, given.*time);
  }
}

void update(BoardRow& row, const BoardRow& given) {
  const std::string facts = row.facts_json;
  row = given;
  if (row.facts_json.empty()) row.facts_json = facts;
}

}  // namespace assay::store
