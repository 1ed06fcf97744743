// A plan's or a board's past: numbers, trend, and the table of what they are over.
import { duration, number, seconds, time } from '../data/format.ts'
import { pointHref, pointWord } from '../data/history.ts'
import { visible } from '../data/visible.ts'
import type { HistoryJson, HistoryPointJson } from '../proto/assay/v1/web_pb.ts'
import { Empty } from '../shell/load.tsx'
import { setQuery, usePlace } from '../shell/router.tsx'
import { Export, type Column } from './export.tsx'
import { Chart, Strip } from './history_chart.tsx'
import { Stats } from './history_stats.tsx'
import { Rev } from './rev.tsx'
import { Text } from './text.tsx'
import { Time, Took } from './time.tsx'
import { Badge } from './verdict.tsx'
import './history.css'

const columns: readonly Column<HistoryPointJson>[] = [
  { name: 'id', of: (p) => p.id ?? '' },
  { name: 'plan', of: (p) => p.plan ?? '' },
  { name: 'project', of: (p) => p.project ?? '' },
  { name: 'ref', of: (p) => p.ref ?? '' },
  { name: 'rev', of: (p) => p.rev ?? '' },
  { name: 'verdict', of: pointWord },
  { name: 'started', of: (p) => time(p.startedUnixMicros)?.iso ?? '' },
  { name: 'seconds', of: (p) => seconds(p.took) },
  { name: 'sentence', of: (p) => p.sentence ?? '' },
]

const verdicts = ['passed', 'failed', 'lab-error', 'cancelled'] as const

export function HistoryView({ history, noun, file, planColumn }: {
  history: HistoryJson
  noun: 'runs' | 'attempts'
  file: string // of exports
  planColumn: boolean // else it is the same one throughout
}) {
  const { query } = usePlace()
  const points = history.points ?? []
  if (points.length === 0) return <Empty title={`No ${noun} here`}><p>Nothing matches, or nothing has run yet.</p></Empty>
  const only = query.get('verdict') ?? ''
  const rows = only === '' ? points : points.filter((point) => pointWord(point) === only)
  return (
    <>
      <Stats stats={history.stats ?? {}} noun={noun} />
      <h2>Durations and verdicts</h2>
      <Chart points={points} median={seconds(history.stats?.tookMedian)} p95={seconds(history.stats?.tookP95)} />
      <Strip points={points} />
      <p class="faint past-strip-note">{points.length} {noun}, oldest first, the newest at the end</p>
      <div class="list-head">
        <h2>{noun === 'runs' ? 'Runs' : 'Attempts'}</h2>
        <label>Show <select value={only} onChange={(event) => setQuery({ verdict: event.currentTarget.value })}>
          <option value="">all {points.length}</option>
          {verdicts.map((word) => <option key={word} value={word}>{word}: {points.filter((p) => pointWord(p) === word).length}</option>)}
        </select></label>
        <Export name={file} columns={columns} rows={rows} />
      </div>
      {rows.length === 0 ? <p class="faint">None of the {points.length} is <Text of={only} />.</p> : <Table rows={rows} noun={noun} planColumn={planColumn} />}
    </>
  )
}

function Table({ rows, noun, planColumn }: { rows: readonly HistoryPointJson[]; noun: string; planColumn: boolean }) {
  const project = rows.some((p) => (p.project ?? '') !== '')
  return (
    <div class="table">
      <table class="folds past">
        <thead><tr>
          <th scope="col">{noun === 'runs' ? 'Run' : 'Attempt'}</th><th scope="col">Verdict</th>
          {planColumn ? <th scope="col">Plan</th> : null}
          {project ? <th scope="col">Project</th> : null}
          <th scope="col">Build</th><th scope="col">Started</th><th scope="col" class="number">Took</th><th scope="col">Why</th>
        </tr></thead>
        <tbody>
          {rows.map((p) => (
            <tr key={p.id}>
              <td data-name={noun === 'runs' ? 'Run' : 'Attempt'}><a href={pointHref(p.id ?? '')}>{p.id}</a></td>
              <td data-name="Verdict"><Badge word={pointWord(p)} /></td>
              {planColumn ? <td data-name="Plan"><a href={`/plans/${encodeURIComponent(p.plan ?? '')}`}><Text of={p.plan} /></a></td> : null}
              {project ? <td data-name="Project"><Text of={p.project} /></td> : null}
              <td data-name="Build"><span><Rev rev={p.rev} />{(p.ref ?? '') === '' ? null : <span class="faint"> <Text of={p.ref} /></span>}</span></td>
              <td data-name="Started"><Time micros={p.startedUnixMicros} /></td>
              <td data-name="Took" class="number">{p.took === undefined ? '–' : <Took seconds={seconds(p.took)} />}</td>
              <td data-name="Why" class="past-why"><Text of={p.sentence} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

// How many of the newest to look at.
export function LimitField({ value }: { value: string }) {
  return (
    <label>Newest <select value={value} onChange={(event) => setQuery({ limit: event.currentTarget.value === '200' ? '' : event.currentTarget.value })}>
      {[...new Set(['20', '50', '200', '500', '2000', value])].sort((x, y) => number(x) - number(y)).map((n) => <option key={n} value={n}>{visible(n)}</option>)}
    </select></label>
  )
}

// For a heading: "12 runs in 3 d 4 h".
export function span(points: readonly HistoryPointJson[], noun: string): string {
  const times = points.map((p) => number(p.startedUnixMicros)).filter((n) => n > 0)
  if (times.length < 2) return `${points.length} ${noun}`
  return `${points.length} ${noun} in ${duration((Math.max(...times) - Math.min(...times)) / 1e6)}`
}
