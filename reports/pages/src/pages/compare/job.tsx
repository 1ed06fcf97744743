// One job of two runs: verdicts, steps, surroundings, consoles.
import { useState } from 'preact/hooks'
import { differences, findingText, lastAttempt, pairSteps, stepDiffers, surroundings, type Pair, type StepPair } from '../../data/compare.ts'
import { duration, seconds, stepWord } from '../../data/format.ts'
import { normalised } from '../../data/normalise.ts'
import { Text } from '../../parts/text.tsx'
import { Badge, Verdict } from '../../parts/verdict.tsx'
import type { FindingJson } from '../../proto/assay/v1/event_pb.ts'
import type { JobJson, StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import { Consoles } from './console.tsx'
import { Table } from './table.tsx'

type Ids = readonly [string, string]

export function JobPair({ pair, name, ids, all, addresses, open }: {
  pair: Pair<JobJson>; name: string; ids: Ids; all: boolean; addresses: boolean; open: boolean
}) {
  const [shown, setShown] = useState(open)
  const { a, b } = pair
  return (
    <details class="cmp-job" open={shown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>
        <h3><Text of={name} /></h3>
        {a ? <Verdict of={a} /> : <span class="faint">not in {ids[0]}</span>}
        <span aria-label="then">→</span>
        {b ? <Verdict of={b} /> : <span class="faint">not in {ids[1]}</span>}
      </summary>
      {shown ? <Inside pair={pair} ids={ids} all={all} addresses={addresses} /> : null}
    </details>
  )
}

function Inside({ pair: { a, b }, ids, all, addresses }: { pair: Pair<JobJson>; ids: Ids; all: boolean; addresses: boolean }) {
  const [attemptA, attemptB] = [lastAttempt(a), lastAttempt(b)]
  const steps = pairSteps(attemptA?.steps ?? [], attemptB?.steps ?? [])
  const around = a && b ? differences(surroundings(a), surroundings(b)) : []
  return (
    <>
      {[a, b].map((job, i) => job?.sentence === undefined || job.verdict === 'VERDICT_PASSED' ? null
        : <p key={ids[i]} class="cmp-sentence"><span class="faint">{ids[i]}:</span> <Text of={job.sentence} /></p>)}
      <Steps steps={steps} ids={ids} all={all} />
      {around.length === 0 ? null : <><h4>Surroundings that differ</h4><Table rows={around} what="What" ids={ids} /></>}
      {attemptA?.id !== undefined && attemptB?.id !== undefined
        ? <Consoles a={attemptA.id} b={attemptB.id} steps={steps} ids={ids} addresses={addresses} /> : null}
    </>
  )
}

function Steps({ steps, ids, all }: { steps: readonly StepPair[]; ids: Ids; all: boolean }) {
  const shown = all ? steps : steps.filter(stepDiffers)
  const others = steps.length - shown.length
  if (steps.length === 0) return <p class="faint">Neither has come to a step.</p>
  if (shown.length === 0) return <p class="faint">All {steps.length} steps ended alike, as long and with the same findings.</p>
  return (
    <div class="table">
      <table class="folds cmp-steps">
        <thead><tr>
          <th scope="col">Step</th><th scope="col">{ids[0]}</th><th scope="col">{ids[1]}</th><th scope="col" class="number">Difference</th>
        </tr></thead>
        <tbody>{shown.map((step) => <Step key={step.key} step={step} ids={ids} />)}</tbody>
      </table>
      {others === 0 ? null : <p class="faint">{others === 1 ? 'One other step does not differ.' : `${others} other steps do not differ.`}</p>}
    </div>
  )
}

const Ended = ({ step }: { step: StepResultJson | undefined }) => step === undefined ? <span class="faint">not there</span>
  : <span><Badge word={stepWord(step.state)} /> <span class="took">{duration(seconds(step.took))}</span></span>

function Step({ step, ids }: { step: StepPair; ids: Ids }) {
  const { a, b } = step
  const one = b ?? a
  const by = seconds(b?.took) - seconds(a?.took)
  return (
    <>
      <tr class={stepDiffers(step) ? 'differs' : ''}>
        <td data-name="Step"><span>{(one?.role ?? '') === '' ? null : <span class="faint"><Text of={one?.role} />: </span>}<Text of={one?.text ?? one?.id} /></span></td>
        <td data-name={ids[0]}><Ended step={a} /></td>
        <td data-name={ids[1]}><Ended step={b} /></td>
        <td data-name="Difference" class="number">
          {a && b ? <span class={step.slower ? 'cmp-slower' : 'faint'}>{step.slower ? <span role="img" aria-label="much different">{by > 0 ? '▲ ' : '▼ '}</span> : null}{by < 0 ? '−' : '+'}{duration(Math.abs(by))}</span> : null}
        </td>
      </tr>
      {step.findings || (step.state && [a, b].some((s) => (s?.sentence ?? '') !== '' || (s?.findings ?? []).length > 0))
        ? <tr class="cmp-evidence"><td colSpan={4}><Evidence a={a} b={b} ids={ids} /></td></tr> : null}
    </>
  )
}

function Evidence({ a, b, ids }: { a: StepResultJson | undefined; b: StepResultJson | undefined; ids: Ids }) {
  const known = (step: StepResultJson | undefined) => new Set((step?.findings ?? []).map((f) => normalised(findingText(f), true)))
  const only = (step: StepResultJson | undefined, other: StepResultJson | undefined) =>
    (step?.findings ?? []).filter((f) => !known(other).has(normalised(findingText(f), true)))
  return (
    <div class="cmp-sides">
      {([[a, b, ids[0]], [b, a, ids[1]]] as const).map(([step, other, id]) => (
        <div key={id}>
          <p class="faint">{id}</p>
          {(step?.sentence ?? '') === '' ? null : <p><Text of={step?.sentence} /></p>}
          {only(step, other).map((finding, i) => <Found key={i} finding={finding} />)}
        </div>
      ))}
    </div>
  )
}

const says: Record<string, string> = { SAYS_AGREES: '✓ agrees', SAYS_DISAGREES: '✗ disagrees', SAYS_CANNOT_TELL: '? cannot tell' }

const Found = ({ finding }: { finding: FindingJson }) => (
  <p class="cmp-found">
    <strong><Text of={finding.channel} /></strong> {says[finding.says ?? ''] ?? ''}
    {(finding.expected ?? '') === '' ? null : <>, expected <Text of={finding.expected} mono /></>}
    {(finding.observed ?? '') === '' ? null : <>, saw <Text of={finding.observed} mono /></>}
  </p>
)
