// People's leases as clients see them, and the runs that are carried out under one.
// Thread-safe; blocks for the disk.
#pragma once

#include <assay/v1/orchestrator.pb.h>

#include <cstdint>
#include <list>
#include <string>

#include "api/backend.hpp"
#include "api/later.hpp"
#include "base/result.hpp"

namespace assay::api {

// The board of the lease that a run names, or of its person's lease on the board that
// it names, becomes the run's board. Returns "r17", or "" for a run under none. Causes:
// not_found, refused (another person's, or over), invalid (not its board).
Result<std::string> choose_lease(Backend&, v1::SubmitRunRequest&);

// Causes: invalid, not_found (of a board or profile).
Result<dispatch::NewRun> new_lease(Backend&, const v1::LeaseBoardRequest&);
Result<> fill_lease(Backend&, std::int64_t run, v1::PersonLease*);
Result<> extend_lease(Backend&, const v1::ExtendLeaseRequest&, v1::PersonLease*);
Result<> release_lease(Backend&, const v1::ReleaseLeaseRequest&, v1::PersonLease*);

// Of a client that went away. Not an error when it is over already.
void give_back(Backend&, const std::string& run, const std::string& sentence);
// Leases bound to a stream of an earlier assayd: each is given back unless its client
// has come again within a moment.
// Which destroys the timers before the backend.
Result<> watch_orphaned_leases(Backend&, std::list<Later>& timers);

}  // namespace assay::api
