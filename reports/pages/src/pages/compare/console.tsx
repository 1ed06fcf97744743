// What two boards said, step by step. Read only when it is shown; blocks of lines
// are asked for once.
import { useMemo, useState } from 'preact/hooks'
import type { StepPair } from '../../data/compare.ts'
import { compareStep, consoleRoles, Lines, mostLines, stepLines, type ConsoleDiff } from '../../data/console_diff.ts'
import { fold, type Change, type Stretch } from '../../data/diff.ts'
import { visible, withoutEscapes } from '../../data/visible.ts'
import { Text } from '../../parts/text.tsx'
import type { TimelineJson } from '../../proto/assay/v1/web_pb.ts'
import { Show, useLoad, useSource } from '../../shell/load.tsx'

type Ids = readonly [string, string]
const atOnce = 40 // steps that are read without being asked for

interface Part {
  name: string
  compare: (addresses: boolean) => Promise<ConsoleDiff>
}

function parts(a: Lines, b: Lines, timelineA: TimelineJson, timelineB: TimelineJson, steps: readonly StepPair[], role: string): Part[] {
  const [inA, inB] = [stepLines(timelineA, role), stepLines(timelineB, role)]
  const part = (name: string, keyA: number | undefined, keyB: number | undefined): Part[] => {
    const [rangeA, rangeB] = [keyA === undefined ? undefined : inA.get(keyA), keyB === undefined ? undefined : inB.get(keyB)]
    const empty = (range: typeof rangeA) => !range || range.from >= range.to
    return empty(rangeA) && empty(rangeB) ? [] : [{ name, compare: (addresses) => compareStep(a, b, rangeA, rangeB, addresses) }]
  }
  return [
    ...part('Before the first step', -1, -1),
    ...steps.flatMap(({ a: stepA, b: stepB }) =>
      part((stepB ?? stepA)?.text ?? (stepB ?? stepA)?.id ?? '', stepA && (stepA.index ?? 0), stepB && (stepB.index ?? 0))),
  ]
}

export function Consoles({ a, b, steps, ids, addresses }: { a: string; b: string; steps: readonly StepPair[]; ids: Ids; addresses: boolean }) {
  const source = useSource()
  const loaded = useLoad((signal) => Promise.all([source.timeline(a, signal), source.timeline(b, signal)]), [source, a, b])
  return (
    <Show loaded={loaded} what="the consoles">
      {([timelineA, timelineB]) => {
        const roles = consoleRoles(timelineA, timelineB)
        if (roles.length === 0) return <p class="faint">Neither board said anything.</p>
        return <>{roles.map((role) => <Role key={role} role={role} alone={roles.length === 1} a={a} b={b} ids={ids}
          timelineA={timelineA} timelineB={timelineB} steps={steps} addresses={addresses} />)}</>
      }}
    </Show>
  )
}

function Role({ role, alone, a, b, ids, timelineA, timelineB, steps, addresses }: {
  role: string; alone: boolean; a: string; b: string; ids: Ids
  timelineA: TimelineJson; timelineB: TimelineJson; steps: readonly StepPair[]; addresses: boolean
}) {
  const source = useSource()
  const found = useMemo(() => parts(new Lines(source, a, role), new Lines(source, b, role), timelineA, timelineB, steps, role),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the steps belong to the attempts
    [source, a, b, role, timelineA, timelineB])
  return (
    <>
      <h4>Console{alone ? '' : <> of <Text of={role} /></>} <small class="faint">− only in {ids[0]}, + only in {ids[1]}; time stamps are not compared</small></h4>
      {found.length === 0 ? <p class="faint">Neither said anything.</p> : null}
      {found.map((part, i) => <Section key={`${i} ${part.name}`} part={part} addresses={addresses} wait={i >= atOnce} ids={ids} />)}
    </>
  )
}

// Open by itself when something differs, until the reader decides.
function Section({ part, addresses, wait, ids }: { part: Part; addresses: boolean; wait: boolean; ids: Ids }) {
  const [asked, setAsked] = useState(!wait)
  const [open, setOpen] = useState<boolean>()
  const loaded = useLoad(() => (asked ? part.compare(addresses) : Promise.resolve(undefined)), [part, addresses, asked])
  const found = loaded.data
  const differs = found !== undefined && found.added + found.removed > 0
  const shown = open ?? differs
  return (
    <details class="cmp-console" open={shown} onToggle={(event) => {
      const now = event.currentTarget.open
      if (now === shown) return
      setOpen(now)
      if (now) setAsked(true)
    }}>
      <summary>
        <span class="part-name"><Text of={part.name} /></span>{' '}
        {found === undefined ? <span class="faint">{asked ? loaded.failure ? loaded.failure.message : 'reading…' : 'not read yet'}</span>
          : differs ? <>
            {found.added > 0 ? <span class="added">+{found.added} </span> : null}
            {found.removed > 0 ? <span class="removed">−{found.removed}</span> : null}
          </>
            : <span class="faint">the same, {found.a.length} lines</span>}
      </summary>
      {shown && found ? <Difference key={String(addresses)} of={found} ids={ids} /> : null}
    </details>
  )
}

function Difference({ of, ids }: { of: ConsoleDiff; ids: Ids }) {
  const stretches = useMemo(() => fold(of.changes), [of])
  return (
    <>
      <div class="diff" tabIndex={0} role="group" aria-label={`Difference of ${ids[0]} and ${ids[1]}`}>
        {of.changes.length === 0 ? <p class="faint">No lines.</p> : null}
        {stretches.map((stretch, i) => <Stretched key={i} stretch={stretch} of={of} />)}
      </div>
      {of.left === 0 ? null : <p class="cmp-note">Only the first {mostLines.toLocaleString()} lines of a step are compared; {of.left.toLocaleString()} more are left.</p>}
    </>
  )
}

function Stretched({ stretch, of }: { stretch: Stretch; of: ConsoleDiff }) {
  const [open, setOpen] = useState(!stretch.folded)
  if (!open) return <button type="button" class="diff-fold" onClick={() => setOpen(true)}>⋯ {stretch.changes.length} equal lines</button>
  return <>{stretch.changes.map((change) => <Line key={`${change.op}${change.a}/${change.b}`} change={change} of={of} />)}</>
}

function Line({ change, of }: { change: Change; of: ConsoleDiff }) {
  const text = visible(withoutEscapes((change.op === 'removed' ? of.a[change.a] : of.b[change.b]) ?? ''))
  const left = change.op === 'added' ? '' : of.fromA + change.a + 1
  const right = change.op === 'removed' ? '' : of.fromB + change.b + 1
  const gutter = <span class="diff-gutter" aria-hidden="true"><span>{left}</span><span>{right}</span><b>{change.op === 'same' ? ' ' : change.op === 'added' ? '+' : '−'}</b></span>
  switch (change.op) {
    case 'same': return <div class="diff-line">{gutter}<bdi>{text}</bdi></div>
    case 'added': return <div class="diff-line added">{gutter}<ins><bdi>{text}</bdi></ins></div>
    case 'removed': return <div class="diff-line removed">{gutter}<del><bdi>{text}</bdi></del></div>
  }
}
