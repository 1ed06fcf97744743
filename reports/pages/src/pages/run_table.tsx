// Runs as a table; on a phone each becomes a card of three lines.
import { tookOf } from '../data/format.ts'
import { visible } from '../data/visible.ts'
import { Ago, Elapsed } from '../parts/clock.tsx'
import { Rev } from '../parts/rev.tsx'
import { Text } from '../parts/text.tsx'
import { Took } from '../parts/time.tsx'
import { Verdict } from '../parts/verdict.tsx'
import type { RunJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { planLink, runLink } from './now_parts.tsx'

export function RunTable({ rows, chosen, toggle }: {
  rows: readonly RunJson[]
  chosen: readonly string[]
  toggle: (id: string) => void
}) {
  return (
    <table class="runs">
      <thead>
        <tr>
          <th scope="col"><span class="hidden">Choose to compare</span></th>
          <th scope="col">Verdict</th><th scope="col">Run</th><th scope="col">Plan</th><th scope="col">Revision</th>
          <th scope="col">Branch</th><th scope="col">Project</th><th scope="col">Submitted</th><th scope="col" class="number">Took</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>{rows.map((run) => <Row key={run.id} run={run} chosen={chosen.includes(run.id ?? '')} toggle={toggle} />)}</tbody>
    </table>
  )
}

function Row({ run, chosen, toggle }: { run: RunJson; chosen: boolean; toggle: (id: string) => void }) {
  const id = run.id ?? ''
  const took = tookOf(run)
  return (
    <tr class={chosen ? 'chosen-row' : ''}>
      <td class="c-choose">
        <input type="checkbox" checked={chosen} aria-label={`Choose ${id} to compare`} onChange={() => toggle(id)} />
      </td>
      <td class="c-verdict"><Verdict of={run} /></td>
      <td class="c-id"><a class="run-id" href={runLink(id)}>{id}</a></td>
      <td class="c-plan" title={visible(run.plan ?? '')}><a class="quiet" href={planLink(run.plan ?? '')}><Text of={run.plan} /></a></td>
      <td class="c-rev"><Rev rev={run.rev} /></td>
      <td class="c-ref" title={visible(run.ref ?? '')}><Text of={run.ref} /></td>
      <td class="c-project" title={visible(run.project ?? '')}><Text of={run.project} /></td>
      <td class="c-when"><Ago micros={run.submittedUnixMicros} /></td>
      <td class="c-took number">
        {took !== undefined ? <Took seconds={took} /> : run.state === 'RUN_STATE_RUNNING' ? <Elapsed from={run.startedUnixMicros} /> : <span class="faint">–</span>}
      </td>
      <td class="c-why"><Text of={run.sentence} /></td>
    </tr>
  )
}
