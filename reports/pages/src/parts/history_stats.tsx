// The numbers over a history, each with what it was made of.
import type { ComponentChildren } from 'preact'
import { duration, number, percent, seconds } from '../data/format.ts'
import type { HistoryStatsJson } from '../proto/assay/v1/web_pb.ts'

function Stat({ name, value, children }: { name: string; value: string; children?: ComponentChildren }) {
  return <div class="past-stat"><dt>{name}</dt><dd><b>{value}</b>{children}</dd></div>
}

// The rate as a mark within its interval, on a scale from 0 to 100 %.
export function Interval({ rate, low, high }: { rate: number; low: number; high: number }) {
  const at = (share: number) => `${(share * 100).toFixed(2)}%`
  return (
    <svg class="past-interval" width="100%" height="14" role="img" aria-label={`between ${percent(low)} and ${percent(high)}`}>
      <rect class="past-track" x="0" y="5" width="100%" height="4" rx="2" />
      <rect class="past-band" x={at(low)} y="3" width={at(Math.max(high - low, 0.005))} height="8" rx="2" />
      <svg x={at(rate)} overflow="visible"><rect class="past-mark" x="-1.5" y="0" width="3" height="14" /></svg>
    </svg>
  )
}

export function Stats({ stats, noun }: { stats: HistoryStatsJson; noun: string }) {
  const passed = stats.passed ?? 0
  const failed = stats.failed ?? 0
  const labErrors = stats.labErrors ?? 0
  const cancelled = stats.cancelled ?? 0
  const decided = passed + failed
  const repeated = stats.buildsRepeated ?? 0
  const flaky = stats.buildsFlaky ?? 0
  const low = number(stats.passLow)
  const high = number(stats.passHigh)
  return (
    <dl class="past-stats">
      {decided === 0 ? <Stat name="Pass rate" value="–"><small>no verdict on the product yet</small></Stat> : (
        <Stat name="Pass rate" value={percent(number(stats.passRate))}>
          <Interval rate={number(stats.passRate)} low={low} high={high} />
          <small>{passed} of {decided}; 95 % interval {(low * 100).toFixed(1)} to {percent(high)}</small>
        </Stat>
      )}
      <Stat name="Flake rate" value={repeated === 0 ? '–' : percent(flaky / repeated)}>
        <small>{repeated === 0 ? 'no build was tested twice' : `${flaky} of ${repeated} builds tested twice passed and failed`}</small>
      </Stat>
      <Stat name="Lab-error rate" value={decided + labErrors === 0 ? '–' : percent(number(stats.labErrorRate))}>
        <small>{labErrors} of {decided + labErrors} {noun}{cancelled === 0 ? '' : `; ${cancelled} cancelled besides`}</small>
      </Stat>
      <Stat name="Duration" value={stats.tookMedian === undefined ? '–' : duration(seconds(stats.tookMedian))}>
        <small>{stats.tookMedian === undefined ? 'none has ended' : `median; 95 % within ${duration(seconds(stats.tookP95))}`}</small>
      </Stat>
    </dl>
  )
}
