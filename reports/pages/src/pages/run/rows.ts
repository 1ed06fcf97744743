// A console's rows: its lines, and before some of them what happened there. And
// where they are on a scroll bar, which no browser makes as long as 3 million lines. Pure.
import { seconds } from '../../data/format.ts'
import type { MarkJson } from '../../proto/assay/v1/web_pb.ts'

export interface RowMark {
  line: number // it stands before this one
  mark: MarkJson
}

const kinds = new Set(['KIND_POWER_ON', 'KIND_POWER_OFF', 'KIND_RESET', 'KIND_STEP'])

// Of one role's console, in order.
export function rowMarks(marks: readonly MarkJson[], role: string): RowMark[] {
  const all: RowMark[] = []
  for (const mark of marks) {
    if (!kinds.has(mark.kind ?? '') || !mark.lines) continue
    if (mark.role !== undefined && mark.role !== '' && mark.role !== role) continue
    all.push({ line: Number(mark.lines[role] ?? 0), mark })
  }
  return all.sort((a, b) => a.line - b.line)
}

// How many of the (ascending) marks fulfil what the first ones do.
function count<T>(all: readonly T[], of: (one: T, at: number) => boolean): number {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >> 1
    const one = all[middle]
    if (one !== undefined && of(one, middle)) low = middle + 1
    else high = middle
  }
  return low
}

export class Rows {
  private readonly marks: readonly RowMark[]
  readonly count: number
  constructor(readonly lines: number, marks: readonly RowMark[]) {
    this.marks = marks.map((one) => (one.line <= lines ? one : { ...one, line: lines }))
    this.count = lines + marks.length
  }
  at(row: number): { line: number; mark?: MarkJson } {
    const before = count(this.marks, (one, at) => one.line + at <= row)
    const last = this.marks[before - 1]
    if (last && last.line + before - 1 === row) return { line: last.line, mark: last.mark }
    return { line: row - before }
  }
  of(line: number): number {
    return line + count(this.marks, (one) => one.line <= line)
  }
}

// The last power-on before a line, in seconds since the attempt's start.
export function powerOnBefore(marks: readonly RowMark[], line: number): number | undefined {
  for (let i = count(marks, (one) => one.line <= line) - 1; i >= 0; --i) {
    const mark = marks[i]?.mark
    if (mark?.kind === 'KIND_POWER_ON') return seconds(mark.at)
  }
  return undefined
}

// A step's first line, and the first that is not its own.
export function stepLines(marks: readonly RowMark[], step: number, total: number): { from: number; to: number } | undefined {
  const at = marks.findIndex(({ mark }) => mark.kind === 'KIND_STEP' && (mark.step ?? 0) === step)
  const first = marks[at]
  if (!first) return undefined
  const next = marks.slice(at + 1).find(({ mark }) => mark.kind === 'KIND_STEP')
  return { from: first.line, to: next?.line ?? total }
}

export const rowHeight = 20 // px
const longest = 8_000_000 // px; Firefox stops at 17 million, Chromium at 33 million

export interface Scale {
  height: number // of what is scrolled, px
  scaled: boolean
  toScroll: (top: number) => number // rows to px
  toTop: (scroll: number) => number
  last: number // the greatest top, in rows
}
// `all`: how tall the rows are together, px.
export function scale(rows: number, view: number, all = rows * rowHeight): Scale {
  const height = Math.min(all, longest)
  const last = all > view ? rows - (rows * view) / all : 0
  const scaled = all > longest
  const way = Math.max(0, height - view)
  const factor = last > 0 ? way / last : rowHeight
  return {
    height, scaled, last,
    toScroll: (top) => Math.min(way, Math.max(0, top) * factor),
    toTop: (scroll) => Math.min(last, Math.max(0, scroll) / factor),
  }
}
