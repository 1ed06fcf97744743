// Boards for people, over real gRPC: had, waited for, shared with runs, given back.
#include <gmock/gmock.h>

#include "fixture.hpp"
#include "wire/scalar.hpp"

namespace assay::api::test {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

namespace {
const std::string first_life(32, 'a');

v1::LeaseBoardRequest wish(const std::string& person, Duration length = 30min) {
  v1::LeaseBoardRequest out;
  out.set_board("vz-1");
  out.set_profile("virtual-zephyr");
  out.set_person(person);
  wire::to_proto(length, out.mutable_length());
  return out;
}

// A client's stream of its lease; it vanishes with this.
class Lessee {
 public:
  Lessee(v1::OrchestratorService::Stub& stub, const v1::LeaseBoardRequest& request)
      : stream_(stub.LeaseBoard(&context_, request)) {}
  ~Lessee() { leave(); }
  v1::PersonLease next() {
    v1::LeaseBoardResponse response;
    return stream_->Read(&response) ? response.lease() : v1::PersonLease();
  }
  // Passes over others; empty when the stream ends before.
  v1::PersonLease until(v1::RunState state) {
    while (true) {
      v1::PersonLease lease = next();
      if (lease.id().empty() || lease.state() == state) return lease;
    }
  }
  grpc::Status status() {
    left_ = true;
    return stream_->Finish();
  }
  void leave() {
    if (std::exchange(left_, true)) return;
    context_.TryCancel();
    stream_->Finish();
  }

 private:
  Context context_;
  std::unique_ptr<grpc::ClientReader<v1::LeaseBoardResponse>> stream_;
  bool left_ = false;
};
}  // namespace

class LeaseTest : public ServerTest {
 protected:
  void connect() {
    agent_ = std::make_unique<FakeAgent>(*agents_, first_life);
    ASSERT_TRUE(agent_->greet());
  }
  v1::Board board() {
    Context context;
    v1::GetBoardRequest request;
    v1::GetBoardResponse response;
    request.set_id("vz-1");
    EXPECT_TRUE(client_->GetBoard(&context, request, &response).ok());
    return response.board();
  }
  grpc::Status release(const std::string& lease, const std::string& person,
                       const std::string& reason = "") {
    Context context;
    v1::ReleaseLeaseRequest request;
    v1::ReleaseLeaseResponse response;
    request.set_lease(lease);
    request.set_person(person);
    request.set_reason(reason);
    return client_->ReleaseLease(&context, request, &response);
  }
  grpc::Status extend(const std::string& lease, const std::string& person, Duration by) {
    Context context;
    v1::ExtendLeaseRequest request;
    v1::ExtendLeaseResponse response;
    request.set_lease(lease);
    request.set_person(person);
    wire::to_proto(by, request.mutable_by());
    return client_->ExtendLease(&context, request, &response);
  }
  v1::SubmitRunRequest run_of(const std::string& person) {
    auto out = request();
    out.set_person(person);
    out.set_board("vz-1");
    return out;
  }
  std::unique_ptr<FakeAgent> agent_;
};

TEST_F(LeaseTest, AnIdleBoardIsHadAtOnceAndGivenBack) {
  connect();
  Lessee ann(*client_, wish("ann@desk"));
  const auto lease = ann.next();
  EXPECT_EQ(lease.id(), "r1");
  EXPECT_EQ(lease.state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(lease.board(), "vz-1");
  EXPECT_GT(wire::duration_of(lease.left()), 29min);
  EXPECT_EQ(board().lease(), "r1");
  EXPECT_EQ(board().person(), "ann@desk");
  EXPECT_GT(wire::duration_of(board().lease_left()), 29min);
  const auto run = get("r1");
  EXPECT_EQ(run.plan(), "lease");
  EXPECT_EQ(run.person(), "ann@desk");
  EXPECT_GT(run.lease_until_unix_micros(), run.started_unix_micros());

  const auto released = release("vz-1", "ann@desk");
  EXPECT_TRUE(released.ok()) << released.error_message();
  const auto ended = ann.next();
  EXPECT_EQ(ended.state(), v1::RUN_STATE_ENDED);
  EXPECT_EQ(ended.verdict(), v1::VERDICT_PASSED);
  EXPECT_EQ(ended.sentence(), "released by ann@desk");
  EXPECT_TRUE(ann.status().ok());
  EXPECT_EQ(board().state(), "idle");
  EXPECT_EQ(board().lease(), "");
}

TEST_F(LeaseTest, WhoComesSecondIsToldWhyAndHowLong) {
  connect();
  Lessee ann(*client_, wish("ann@desk"));
  ASSERT_EQ(ann.next().state(), v1::RUN_STATE_RUNNING);
  Lessee bob(*client_, wish("bob@lab"));
  const auto waits = bob.next();
  EXPECT_EQ(waits.state(), v1::RUN_STATE_QUEUED);
  EXPECT_THAT(waits.waits().reason(),
              StartsWith("waits: board vz-1 is leased by ann@desk (r1) for "));
  EXPECT_TRUE(waits.waits().has_starts_in());
  EXPECT_LE(wire::duration_of(waits.waits().starts_in().high()), 30min);
  ASSERT_TRUE(release("r1", "ann@desk").ok());
  EXPECT_EQ(bob.until(v1::RUN_STATE_RUNNING).board(), "vz-1");
}

TEST_F(LeaseTest, RunsOfItsPersonUseTheBoardOthersWait) {
  connect();
  Lessee ann(*client_, wish("ann@desk"));
  ASSERT_EQ(ann.next().state(), v1::RUN_STATE_RUNNING);
  v1::Run bobs, anns;
  ASSERT_TRUE(submit(run_of("bob@lab"), &bobs).ok());
  EXPECT_EQ(bobs.lease(), "");
  ASSERT_TRUE(submit(run_of("ann@desk"), &anns).ok());
  EXPECT_EQ(anns.lease(), "r1");
  EXPECT_EQ(agent_->assignment().attempt(), "r3.1.1");
}

TEST_F(LeaseTest, ARunNamesItsLease) {
  connect();
  Lessee ann(*client_, wish("ann@desk"));
  ASSERT_EQ(ann.next().state(), v1::RUN_STATE_RUNNING);
  auto what = request();
  what.clear_profile();
  what.set_person("ann@desk");
  what.set_lease("r1");
  v1::Run run;
  const auto status = submit(what, &run);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(agent_->assignment().leases(0).board(), "vz-1");

  const auto refusal = [&](const v1::SubmitRunRequest& wrong) {
    v1::Run none;
    return submit(wrong, &none).error_message();
  };
  what.set_lease("r2");
  EXPECT_EQ(refusal(what), "r2 is a run, not a lease");
  what.set_lease("r9");
  EXPECT_EQ(refusal(what), "no lease 'r9'");
  what.set_lease("vz-2");
  EXPECT_EQ(refusal(what), "no board 'vz-2', did you mean 'vz-1'?");
  what.set_lease("vz-1");
  what.set_person("bob@lab");
  EXPECT_EQ(refusal(what),
            "r1 is the lease of ann@desk: only their runs use its board; 'assay lease' asks for "
            "one of your own");
  what.set_person("ann@desk");
  what.set_board("vz-2");
  EXPECT_EQ(refusal(what), "the lease r1 is of board 'vz-1', not of 'vz-2'");
  what.clear_board();
  ASSERT_TRUE(release("r1", "ann@desk").ok());
  what.set_lease("r1");
  EXPECT_EQ(refusal(what), "the lease r1 is over: released by ann@desk");
  what.set_lease("vz-1");
  EXPECT_THAT(refusal(what), StartsWith("nobody has leased board 'vz-1'"));
}

TEST_F(LeaseTest, ABoundOneEndsWithItsStreamAnotherDoesNot) {
  connect();
  auto bound = wish("ann@desk");
  bound.set_bound(true);
  Lessee ann(*client_, bound);
  ASSERT_EQ(ann.next().state(), v1::RUN_STATE_RUNNING);
  Lessee bob(*client_, wish("bob@lab"));
  ASSERT_EQ(bob.next().state(), v1::RUN_STATE_QUEUED);
  ann.leave();
  EXPECT_EQ(bob.until(v1::RUN_STATE_RUNNING).board(), "vz-1");
  EXPECT_EQ(get("r1").sentence(), "the client that had it left");
  bob.leave();
  Lessee eve(*client_, wish("eve@hall"));
  EXPECT_THAT(eve.next().waits().reason(), HasSubstr("leased by bob@lab (r2)"));
}

TEST_F(LeaseTest, OneThatWaitsIsWithdrawnWhenItsClientLeaves) {
  auto bound = wish("ann@desk");
  bound.set_bound(true);
  Lessee ann(*client_, bound);
  ASSERT_EQ(ann.next().waits().reason(), "waits: no agent has connected yet");
  Context context;
  v1::WatchRunRequest request;
  request.set_id("r1");
  const auto watch = client_->WatchRun(&context, request);
  v1::WatchRunResponse response, last;
  ASSERT_TRUE(watch->Read(&response));
  ann.leave();
  while (watch->Read(&response)) last = response;
  EXPECT_TRUE(watch->Finish().ok());
  EXPECT_EQ(last.part().run().verdict(), v1::VERDICT_CANCELLED);
}

TEST_F(LeaseTest, IsExtendedByItsPersonOnly) {
  connect();
  Lessee ann(*client_, wish("ann@desk"));
  ASSERT_EQ(ann.next().state(), v1::RUN_STATE_RUNNING);
  const auto refused = extend("vz-1", "bob@lab", 15min);
  EXPECT_EQ(refused.error_message(), "r1 is the lease of ann@desk: only they can extend it");
  ASSERT_TRUE(extend("vz-1", "ann@desk", 15min).ok());
  const auto longer = ann.next();
  EXPECT_EQ(wire::duration_of(longer.length()), 45min);
  EXPECT_GT(wire::duration_of(longer.left()), 44min);
}

TEST_F(LeaseTest, IsTakenBackWithAReason) {
  connect();
  Lessee ann(*client_, wish("ann@desk"));
  ASSERT_EQ(ann.next().state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(release("r1", "root@lab").error_message(),
            "r1 is the lease of ann@desk: say why you take it back, with --why, for they will "
            "read it");
  ASSERT_TRUE(release("r1", "root@lab", "release week").ok());
  const auto ended = ann.next();
  EXPECT_EQ(ended.verdict(), v1::VERDICT_CANCELLED);
  EXPECT_EQ(ended.sentence(), "taken back by root@lab: release week");
}

TEST_F(LeaseTest, SurvivesARestartAndItsClientFindsItAgain) {
  connect();
  auto bound = wish("ann@desk");
  bound.set_bound(true);
  bound.set_request_id("once");
  auto ann = std::make_unique<Lessee>(*client_, bound);
  ASSERT_EQ(ann->next().state(), v1::RUN_STATE_RUNNING);
  stop();
  EXPECT_FALSE(ann->status().ok());
  start();
  Lessee again(*client_, bound);
  const auto lease = again.next();
  EXPECT_EQ(lease.id(), "r1");
  EXPECT_EQ(lease.state(), v1::RUN_STATE_RUNNING);
  EXPECT_EQ(lease.board(), "vz-1");
  EXPECT_GT(wire::duration_of(lease.left()), 29min);
}

TEST_F(LeaseTest, WhatIsWrongWithAWishIsSaid) {
  connect();
  const auto refusal = [&](const v1::LeaseBoardRequest& wrong) {
    Lessee lessee(*client_, wrong);
    EXPECT_EQ(lessee.next().id(), "");
    return lessee.status().error_message();
  };
  auto what = wish("");
  EXPECT_EQ(refusal(what), "person '': say who you are, like user@host");
  what = wish("ann@desk", 0s);
  EXPECT_THAT(refusal(what), HasSubstr("it can last up to 168 h"));
  what = wish("ann@desk", 8 * 24h);
  EXPECT_THAT(refusal(what), HasSubstr("it can last up to 168 h"));
  what = wish("ann@desk");
  what.clear_profile();
  what.set_board("vz-2");
  EXPECT_EQ(refusal(what),
            "no board 'vz-2', did you mean 'vz-1'?; name its --profile to wait for it");
  what = wish("ann@desk");
  what.set_profile("desk-zephyr");
  EXPECT_EQ(refusal(what), "board 'vz-1' is of profile 'virtual-zephyr', not 'desk-zephyr'");
  what.clear_board();
  what.clear_profile();
  EXPECT_EQ(refusal(what), "name a board to lease, or the profile of any");
  auto run = request();
  run.mutable_hold()->set_board("vz-1");
  v1::Run none;
  EXPECT_EQ(submit(run, &none).error_message(),
            "hold is assayd's own mark: LeaseBoard asks for a board");
}

TEST_F(LeaseTest, IsNotRunAgain) {
  connect();
  Lessee ann(*client_, wish("ann@desk"));
  ASSERT_EQ(ann.next().id(), "r1");
  Context context;
  v1::RetestRunRequest request;
  v1::RetestRunResponse response;
  request.set_id("r1");
  EXPECT_EQ(client_->RetestRun(&context, request, &response).error_message(),
            "r1 is a lease: 'assay lease vz-1' asks for one again");
}

TEST_F(LeaseTest, TagsOfARunArePartOfItsNeeds) {
  connect();
  auto what = request();
  what.add_tags("site=lab-b");
  v1::Run run;
  ASSERT_TRUE(submit(what, &run).ok());
  Context context;
  v1::WhyRunRequest request;
  v1::WhyRunResponse response;
  request.set_id(run.id());
  ASSERT_TRUE(client_->WhyRun(&context, request, &response).ok());
  ASSERT_EQ(response.jobs_size(), 1);
  EXPECT_EQ(response.jobs(0).reason(), "waits: board vz-1 has no tag 'site=lab-b'");
}

}  // namespace assay::api::test
