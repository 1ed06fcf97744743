// A disk that fails once, or until it is healed, at every call of a store's life.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

#include "history.hpp"
#include "machine.hpp"

namespace assay::store {
namespace {

using faults::Fault;
using faults::Left;

// Lives through one fault; "" when all went as store.hpp says.
class Trial {
 public:
  Trial(const std::vector<Batch>& batches, const std::vector<std::string>& states, Fault fault)
      : batches_(batches), states_(states), full_(fault.error == ENOSPC) {
    machine_.disk.inject(fault);
  }
  std::string run() {
    std::string wrong = open();
    for (; wrong.empty() && done_ < batches_.size(); ++done_) {
      if (done_ == 2) wrong = open();
      if (wrong.empty()) wrong = commit();
    }
    if (wrong.empty()) wrong = check_left(done_, done_);
    return wrong;
  }
  const std::vector<faults::Kind>& calls() const { return machine_.disk.kinds(); }
  bool failed() const { return machine_.disk.failed(); }

 private:
  std::string open() {
    if (const auto opened = machine_.open(); !opened) {
      if (const std::string wrong = told_wrongly(opened.error()); !wrong.empty()) return wrong;
      machine_.disk.heal();
      if (const auto again = machine_.open(); !again)
        return "does not open after the fault: " + again.error().text;
    }
    const auto identity = machine_.store->identity();
    if (!identity) {
      machine_.disk.heal();
      return told_wrongly(identity.error());
    }
    if (!identity_.empty() && *identity != identity_) return "another identity";
    identity_ = *identity;
    return "";
  }
  std::string commit() {
    Store& store = *machine_.store;
    const auto first = store.commit(batches_[done_]);
    if (first) return "";
    if (std::string wrong = told_wrongly(first.error()); !wrong.empty()) return wrong;
    machine_.disk.heal();
    // It goes on with what it had.
    if (!state_of(store, {states_, done_, done_})) return "something is left of a failed commit";
    if (std::string wrong = check_left(done_, done_ + 1); !wrong.empty())
      return "after a failed commit: " + wrong;
    if (const auto again = store.commit(batches_[done_]); !again)
      return "does not go on: " + again.error().text;
    return check_left(done_ + 1, done_ + 1);
  }
  std::string told_wrongly(const Error& error) const {
    if (error.cause == Cause::io || (full_ && error.cause == Cause::exhausted)) return "";
    return fmt::format("told as {}: {}", to_string(error.cause), error.text);
  }
  // By a power cut now.
  std::string check_left(std::size_t from, std::size_t to) const {
    const Left left = faults::all_left.at(from == to ? 0 : machine_.operations() % 3);
    const std::string wrong =
        wrong_with(faults::left_on(machine_.disk, left), {states_, from, to, identity_});
    return wrong.empty() ? "" : fmt::format("power cut, left: {}: {}", to_string(left), wrong);
  }

  const std::vector<Batch>& batches_;
  const std::vector<std::string>& states_;
  const bool full_;
  std::size_t done_ = 0;
  std::string identity_;
  Machine machine_;
};

class StoreFaults : public testing::Test {
 protected:
  // At each call that `when` is true of.
  void sweep(Fault fault, const std::function<bool(faults::Kind, std::size_t call)>& when) {
    std::size_t tried = 0, wrong = 0;
    for (fault.at = 0; fault.at < calls_.size() && wrong < 10; ++fault.at) {
      if (!when(calls_[fault.at], fault.at) && std::getenv("ASSAY_CRASH_SEEDS") == nullptr)
        continue;
      ++tried;
      Trial trial(batches_, known_, fault);
      const std::string words = trial.run();
      EXPECT_TRUE(trial.failed());
      wrong += words.empty() ? 0 : 1;
      if (!words.empty()) ADD_FAILURE() << "call " << fault.at << ": " << words;
    }
    EXPECT_GT(tried, 50U);
  }

  const std::vector<Batch> batches_ = history(3);
  const std::vector<std::string> known_ = states(batches_);
  std::vector<faults::Kind> calls_ = calls();

 private:
  std::vector<faults::Kind> calls() {
    Trial trial(batches_, known_, {});
    EXPECT_EQ(trial.run(), "");
    return trial.calls();
  }
};

TEST_F(StoreFaults, ThatHappenOnce) {
  sweep({.error = EIO}, [](faults::Kind kind, std::size_t call) {
    return kind != faults::Kind::read || call % 4 == 0;
  });
}
// The other ways of failing, one after another: ASSAY_CRASH_SEEDS=1 tries each everywhere.
TEST_F(StoreFaults, ThatLast) {
  sweep({.error = EIO, .lasting = true}, [](faults::Kind kind, std::size_t call) {
    return kind == faults::Kind::sync || call % 3 == 0;
  });
}
TEST_F(StoreFaults, OfAFullDisk) {
  sweep({.error = ENOSPC, .half = true, .lasting = true}, [](faults::Kind kind, std::size_t call) {
    return kind == faults::Kind::write && (call < 50 || call % 2 == 0);
  });
}
TEST_F(StoreFaults, OfWritesDoneByHalf) {
  sweep({.error = EIO, .half = true}, [](faults::Kind kind, std::size_t call) {
    return kind == faults::Kind::write && call % 2 == 1;
  });
}

}  // namespace
}  // namespace assay::store
