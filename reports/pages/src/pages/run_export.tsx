// Everything that matches, not only the page: as CSV or JSON, with its progress.
import { useEffect, useRef, useState } from 'preact/hooks'
import { number, time, tookOf, verdictWord } from '../data/format.ts'
import { csv, save, type Column } from '../parts/export.tsx'
import type { RunJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { useSource } from '../shell/load.tsx'
import { everyRun, type Filters } from './run_list.ts'

const limit = 10_000

const at = (micros: string | undefined) => time(micros)?.iso ?? ''
export const runColumns: readonly Column<RunJson>[] = [
  { name: 'run', of: (r) => r.id ?? '' }, { name: 'verdict', of: (r) => verdictWord(r.verdict, r.state) },
  { name: 'plan', of: (r) => r.plan ?? '' }, { name: 'project', of: (r) => r.project ?? '' },
  { name: 'ref', of: (r) => r.ref ?? '' }, { name: 'rev', of: (r) => r.rev ?? '' },
  { name: 'priority', of: (r) => number(r.priority) },
  { name: 'submitted', of: (r) => at(r.submittedUnixMicros) }, { name: 'started', of: (r) => at(r.startedUnixMicros) },
  { name: 'ended', of: (r) => at(r.endedUnixMicros) }, { name: 'took_s', of: (r) => tookOf(r) ?? '' },
  { name: 'sentence', of: (r) => r.sentence ?? '' },
]

export function RunExport({ filters }: { filters: Filters }) {
  const source = useSource()
  const [said, setSaid] = useState('')
  const [abort, setAbort] = useState<AbortController>()
  const under = useRef<AbortController>()
  useEffect(() => () => under.current?.abort(), [])

  const take = async (kind: 'csv' | 'json') => {
    const control = new AbortController()
    under.current = control
    setAbort(control)
    setSaid('asking…')
    try {
      const { runs, more } = await everyRun((query) => {
        control.signal.throwIfAborted()
        return source.runs(query, control.signal)
      }, filters, limit, (n) => setSaid(`${n.toLocaleString()} runs…`))
      control.signal.throwIfAborted()
      if (kind === 'csv') save('runs.csv', 'text/csv', csv(runColumns, runs))
      else save('runs.json', 'application/json', JSON.stringify(runs, null, 1))
      setSaid(more ? `the newest ${runs.length.toLocaleString()} runs saved; filter to get older ones` : `${runs.length.toLocaleString()} ${runs.length === 1 ? 'run' : 'runs'} saved`)
    } catch (error) {
      setSaid(control.signal.aborted ? 'stopped' : error instanceof Error ? error.message : String(error))
    } finally {
      setAbort(undefined)
    }
  }
  return (
    <span class="export">
      <span class="faint" role="status">{said}</span>
      {abort === undefined ? (
        <>
          <button type="button" aria-label="All matching runs as CSV" onClick={() => void take('csv')}>CSV</button>
          <button type="button" aria-label="All matching runs as JSON" onClick={() => void take('json')}>JSON</button>
        </>
      ) : <button type="button" onClick={() => abort.abort()}>Stop</button>}
    </span>
  )
}
