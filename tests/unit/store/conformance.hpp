// What any back end of the store must do. A back end says
//   INSTANTIATE_TEST_SUITE_P(Name, StoreConformance, testing::Values(make));
//   INSTANTIATE_TEST_SUITE_P(Name, StoreLists, testing::Values(make));
// where make() opens an empty store and can open the same one again.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "store/store.hpp"

namespace assay::store {

class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  // Closed and opened again; false when it keeps nothing past its life.
  virtual bool reopen() = 0;
};

using MakeStore = std::function<std::unique_ptr<StoreUnderTest>()>;

class StoreConformance : public testing::TestWithParam<MakeStore> {
 protected:
  std::unique_ptr<StoreUnderTest> under_test = GetParam()();
  Store& store() { return under_test->store(); }
};

// For the lists (lists_test.cpp); the same back ends.
class StoreLists : public StoreConformance {
 protected:
  std::vector<std::int64_t> list(const RunFilter&);
  // One run of one job, as `change` wants it.
  void add(std::int64_t number, const std::function<void(RunRow&, JobRow&)>& change);
  void add_use(std::int64_t run, std::int32_t job, std::int32_t number, const std::string& board,
               std::int64_t started);
};

RunRow a_run(std::int64_t number);
JobRow a_job(std::int64_t run, std::int32_t index);
AttemptRow an_attempt(std::int64_t run, std::int32_t job, std::int32_t number);
BoardRow a_board(const std::string& id);

}  // namespace assay::store
