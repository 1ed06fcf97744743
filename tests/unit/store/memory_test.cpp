#include "conformance.hpp"

namespace assay::store {
namespace {

struct Memory : StoreUnderTest {
  std::unique_ptr<Store> kept = open_memory();
  Store& store() override { return *kept; }
  bool reopen() override { return false; }
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreLists,
                         testing::Values(MakeStore([] { return std::make_unique<Memory>(); })));
INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance,
                         testing::Values(MakeStore([] { return std::make_unique<Memory>(); })));

}  // namespace
}  // namespace assay::store
