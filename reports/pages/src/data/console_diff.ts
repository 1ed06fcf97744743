// Two consoles, step by step.
import type { MarkJson, TimelineJson } from '../proto/assay/v1/web_pb.ts'
import { diff, type Change } from './diff.ts'
import { number, seconds } from './format.ts'
import { normalised } from './normalise.ts'
import type { Source } from './source.ts'

export interface Range {
  from: number // line
  to: number // the first that is no longer in it; Infinity: up to the end
}
// By step: which lines of the role's console came between its start and the next
// step's. Key -1: before the first step. Steps that never began have none.
export function stepLines(timeline: TimelineJson, role: string): Map<number, Range> {
  const starts = (timeline.marks ?? []).filter((mark) => mark.kind === 'KIND_STEP')
    .sort((x, y) => seconds(x.at) - seconds(y.at) || (x.step ?? 0) - (y.step ?? 0))
  const line = (mark: MarkJson | undefined) => (mark ? number(mark.lines?.[role]) : Infinity)
  const ranges = new Map<number, Range>()
  if (line(starts[0]) > 0) ranges.set(-1, { from: 0, to: line(starts[0]) })
  starts.forEach((mark, i) => {
    const step = mark.step ?? 0
    if (!ranges.has(step)) ranges.set(step, { from: line(mark), to: line(starts[i + 1]) })
  })
  return ranges
}

export const mostLines = 2000 // of a step that are compared
const block = 1000 // lines that are asked for at once

// Lines of one console, read in blocks, each once.
export class Lines {
  private readonly blocks = new Map<number, Promise<string[]>>()
  total = 0 // known once something was read
  constructor(private readonly source: Source, private readonly attempt: string, private readonly role: string,
    private readonly signal?: AbortSignal) {}

  async read({ from, to }: Range): Promise<string[]> {
    const until = Math.min(to, from + mostLines)
    const asked: Promise<string[]>[] = []
    const first = Math.floor(from / block)
    for (let i = first; i * block < until; ++i) asked.push(this.block(i))
    const lines = (await Promise.all(asked)).flat()
    return lines.slice(from - first * block, until - first * block)
  }
  private block(i: number): Promise<string[]> {
    const known = this.blocks.get(i)
    if (known) return known
    const asked = this.source.lines(this.attempt, this.role, i * block, block, this.signal).then((answer) => {
      this.total = number(answer.total)
      const at = number(answer.from)
      // Only what was asked for, at the place where it belongs.
      return at === i * block ? (answer.lines ?? []).map((line) => line.text ?? '') : []
    })
    this.blocks.set(i, asked)
    return asked
  }
}

export interface ConsoleDiff {
  a: string[]
  b: string[]
  fromA: number // number of a's first line
  fromB: number
  changes: Change[]
  added: number
  removed: number
  left: number // lines that were not compared, because there are too many
}
const nothing: Range = { from: 0, to: 0 }

export async function compareStep(a: Lines, b: Lines, rangeA: Range = nothing, rangeB: Range = nothing, addresses = false): Promise<ConsoleDiff> {
  const [linesA, linesB] = await Promise.all([a.read(rangeA), b.read(rangeB)])
  const changes = diff(linesA.map((line) => normalised(line, addresses)), linesB.map((line) => normalised(line, addresses)))
  const beyond = (lines: Lines, { from, to }: Range) => Math.max(0, Math.min(to, lines.total) - from - mostLines)
  return {
    a: linesA, b: linesB, fromA: rangeA.from, fromB: rangeB.from, changes,
    added: changes.filter((change) => change.op === 'added').length,
    removed: changes.filter((change) => change.op === 'removed').length,
    left: beyond(a, rangeA) + beyond(b, rangeB),
  }
}

// The roles whose consoles there are to compare.
export function consoleRoles(a: TimelineJson, b: TimelineJson): string[] {
  const roles = new Set<string>()
  for (const timeline of [a, b]) {
    for (const mark of timeline.marks ?? []) for (const role of Object.keys(mark.lines ?? {})) roles.add(role)
    for (const activity of timeline.activity ?? []) roles.add(activity.role ?? '')
  }
  return [...roles].sort()
}
