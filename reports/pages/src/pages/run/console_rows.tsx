// Rows of a console: its lines, and what happened between them.
import { seconds } from '../../data/format.ts'
import { visible } from '../../data/visible.ts'
import type { StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import type { ConsoleLineJson, MarkJson } from '../../proto/assay/v1/web_pb.ts'
import { hashOf } from './choice.ts'
import type { Range } from './find.ts'
import { Line } from './line.tsx'
import { markText, stamp } from './words.ts'

export function MarkRow({ mark, steps }: { mark: MarkJson; steps: readonly StepResultJson[] }) {
  const step = mark.step ?? 0
  const words = mark.kind === 'KIND_STEP' ? `── step ${step + 1} ${steps.find((one) => (one.index ?? 0) === step)?.text ?? ''}` : markText(mark)
  return (
    <div class={`row mark ${mark.kind === 'KIND_STEP' ? 'step-mark' : 'edge'}`}>
      <span class="at">{stamp(seconds(mark.at))}</span><span class="what">{visible(words)}</span>
    </div>
  )
}

export function LineRow({ role, line, what, power, chosen, cursor, find, missing, onPick }: {
  role: string
  line: number
  what: ConsoleLineJson | undefined
  power: number | undefined // of the last power-on before it, in seconds
  chosen: boolean
  cursor: boolean
  find: ((line: string) => Range[]) | undefined
  missing: string // in place of a line that is not here
  onPick: (line: number, grow: boolean) => void
}) {
  const time = seconds(what?.at)
  return (
    <div class={`row${chosen ? ' chosen' : ''}${cursor ? ' cursor' : ''}`} {...(cursor ? { 'aria-current': 'true' as const } : {})}>
      <a class="no" href={`#${hashOf({ role, from: line, to: line })}`} aria-label={`Line ${line + 1}`} tabIndex={-1}
        onClick={(event) => {
          event.preventDefault()
          onPick(line, event.shiftKey)
        }}>{line + 1}</a>
      <span class="at" title={power === undefined ? 'since the attempt began' : `since the attempt began; ${stamp(time - power)} s since power-on`}>
        {what ? stamp(time) : ''}</span>
      <span class="on">{what === undefined || power === undefined ? '' : `+${stamp(Math.max(0, time - power))}`}</span>
      <span class="text">{what ? <Line text={what.text ?? ''} find={find} /> : <span class="faint">{missing}</span>}</span>
    </div>
  )
}
