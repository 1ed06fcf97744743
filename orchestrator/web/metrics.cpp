#include "web/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <mutex>

namespace assay::web {

using namespace prometheus;

struct Metrics::Families {
  Registry registry;
  Family<Gauge>& runs =
      BuildGauge().Name("assay_runs").Help("Runs that are not over, by state").Register(registry);
  Family<Gauge>& boards =
      BuildGauge().Name("assay_boards").Help("Boards, by state").Register(registry);
  Gauge& agents = BuildGauge()
                      .Name("assay_agents_connected")
                      .Help("Agents that are connected")
                      .Register(registry)
                      .Add({});
  Family<Counter>& requests = BuildCounter()
                                  .Name("assay_http_requests_total")
                                  .Help("HTTP requests answered, by status")
                                  .Register(registry);
  Gauge& live = BuildGauge()
                    .Name("assay_http_live_connections")
                    .Help("Open connections of live streams")
                    .Register(registry)
                    .Add({});
  Gauge& connections = BuildGauge()
                           .Name("assay_http_connections")
                           .Help("Open connections")
                           .Register(registry)
                           .Add({});
  Histogram& duration =
      BuildHistogram()
          .Name("assay_http_request_duration_seconds")
          .Help("From a request's last header to its answer's last byte, live streams aside")
          .Register(registry)
          .Add({}, Histogram::BucketBoundaries{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                               5, 30});
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::answered(unsigned status, Duration took) {
  families_->requests.Add({{"status", std::to_string(status)}}).Increment();
  families_->duration.Observe(std::chrono::duration<double>(took).count());
}
void Metrics::live_opened() {
  families_->live.Increment();
}
void Metrics::live_closed() {
  families_->live.Decrement();
}
void Metrics::connections(std::size_t now) {
  families_->connections.Set(static_cast<double>(now));
}

std::string Metrics::text(const Lab& lab) {
  for (const auto& [state, count] : lab.runs)
    families_->runs.Add({{"state", state}}).Set(static_cast<double>(count));
  for (const auto& [state, count] : lab.boards)
    families_->boards.Add({{"state", state}}).Set(static_cast<double>(count));
  families_->agents.Set(static_cast<double>(lab.agents));
  return TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace assay::web
