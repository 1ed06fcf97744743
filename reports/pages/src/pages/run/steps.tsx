import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { duration, seconds, stepWord } from '../../data/format.ts'
import { Export, type Column } from '../../parts/export.tsx'
import { Text } from '../../parts/text.tsx'
import { Badge } from '../../parts/verdict.tsx'
import type { StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import { usePrinting } from '../../shell/printing.ts'
import { Evidence } from './evidence.tsx'
import { plural } from './words.ts'

const bad = (step: StepResultJson) => step.state === 'STEP_STATE_FAILED' || step.state === 'STEP_STATE_LAB_ERROR'
const columns: Column<StepResultJson>[] = [
  { name: 'step', of: (step) => (step.index ?? 0) + 1 },
  { name: 'id', of: (step) => step.id ?? '' },
  { name: 'role', of: (step) => step.role ?? '' },
  { name: 'text', of: (step) => step.text ?? '' },
  { name: 'state', of: (step) => stepWord(step.state) },
  { name: 'place', of: (step) => step.place ?? '' },
  { name: 'started', of: (step) => seconds(step.startedAt) },
  { name: 'took', of: (step) => seconds(step.took) },
  { name: 'sentence', of: (step) => step.sentence ?? '' },
]

interface Shared {
  step: number | undefined
  onStep: (step: number) => void
  onConsole: (step: StepResultJson) => void
}

function Step({ of, step, onStep, onConsole }: Shared & { of: StepResultJson }) {
  const index = of.index ?? 0
  const chosen = index === step
  const [asked, setAsked] = useState<boolean>()
  const place = useRef<HTMLLIElement>(null)
  const open = usePrinting() || (asked ?? (chosen || bad(of)))
  const word = stepWord(of.state)
  useEffect(() => {
    if (!chosen) return
    setAsked(undefined)
    place.current?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const click = () => {
    if (chosen) setAsked(!open)
    else onStep(index)
  }
  return (
    <li ref={place} class={`step step-${word}${chosen ? ' chosen' : ''}`}>
      <button type="button" class="step-head" aria-expanded={open} {...(chosen ? { 'aria-current': 'step' as const } : {})} onClick={click}>
        <Badge word={word} short />
        <span class="step-no">{index + 1}</span>
        <span class="step-text"><Text of={of.text} />{of.role ? <span class="faint"> <Text of={of.role} /></span> : null}</span>
        <span class="step-took">{word === 'running' || word === 'skipped' ? word : duration(seconds(of.took))}</span>
      </button>
      {open ? <Evidence step={of} onConsole={word === 'skipped' ? undefined : () => onConsole(of)} /> : null}
    </li>
  )
}

const several = 100

// Many steps: by the hundred, those open in which something is to be seen.
function Group({ all, ...shared }: Shared & { all: readonly StepResultJson[] }) {
  const [asked, setAsked] = useState<boolean>()
  const worst = all.find(bad) ?? all.find((one) => stepWord(one.state) === 'running')
  const holds = all.some((one) => one.index === shared.step || (one.index === undefined && shared.step === 0))
  const open = usePrinting() || (asked ?? (worst !== undefined || holds))
  useEffect(() => {
    if (holds) setAsked(undefined)
  }, [holds, shared.step])
  const failed = all.filter(bad).length
  const s = all.reduce((sum, one) => sum + seconds(one.took), 0)
  const name = `Steps ${(all[0]?.index ?? 0) + 1} to ${(all.at(-1)?.index ?? 0) + 1}`
  return (
    <li class="step-group">
      <button type="button" class="step-head" aria-expanded={open} onClick={() => setAsked(!open)}>
        <Badge word={stepWord(worst?.state ?? all[0]?.state)} short />
        <span class="step-text">{name}{failed > 0 ? `: ${failed} not passed` : ''}</span>
        <span class="step-took">{duration(s)}</span>
      </button>
      {open ? <ol class="steps">{all.map((one) => <Step key={one.index ?? 0} of={one} {...shared} />)}</ol> : null}
    </li>
  )
}

export function Steps({ attempt, steps, ...shared }: Shared & { attempt: string; steps: readonly StepResultJson[] }) {
  const [onlyBad, setOnlyBad] = useState(false)
  const failed = useMemo(() => steps.filter(bad), [steps])
  const shown = onlyBad ? failed : steps
  const groups: StepResultJson[][] = []
  for (let i = 0; i < shown.length; i += several) groups.push(shown.slice(i, i + several))
  return (
    <section class="steps-part" aria-labelledby="steps">
      <h2 id="steps">{plural(steps.length, 'step')}
        {failed.length > 0 && steps.length > 1 ? (
          <button type="button" aria-pressed={onlyBad} onClick={() => setOnlyBad(!onlyBad)}>Only the {failed.length} not passed</button>
        ) : null}
        <Export name={`${attempt}-steps`} columns={columns} rows={steps} />
      </h2>
      {steps.length === 0 ? <p class="faint">No step has begun.</p> : null}
      <ol class="steps">
        {shown.length <= 2 * several
          ? shown.map((one) => <Step key={one.index ?? 0} of={one} {...shared} />)
          : groups.map((all) => <Group key={all[0]?.index ?? 0} all={all} {...shared} />)}
      </ol>
    </section>
  )
}
