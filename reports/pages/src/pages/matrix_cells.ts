// What the matrix says in words. Pure.
import { verdictWord } from '../data/format.ts'
import { shortRev } from '../parts/rev.tsx'
import type { BuildJson, MatrixCellJson, MatrixRowJson } from '../proto/assay/v1/web_pb.ts'

const count = (cell: MatrixCellJson) => (cell.passed ?? 0) + (cell.failed ?? 0) + (cell.labErrors ?? 0) + (cell.others ?? 0)

// "2 of 3": how many of several runs were as the verdict says; '' for one run.
export function share(cell: MatrixCellJson): string {
  const all = count(cell)
  if (all < 2) return ''
  const word = verdictWord(cell.verdict, cell.state)
  const same = word === 'passed' ? cell.passed : word === 'failed' ? cell.failed : word === 'lab-error' ? cell.labErrors : cell.others
  return `${same ?? 0}/${all}`
}

export function cellSentence(row: MatrixRowJson, build: BuildJson | undefined, cell: MatrixCellJson, firstBad: boolean): string {
  const all = count(cell)
  const many = all < 2 ? '' : `, ${share(cell).replace('/', ' of ')} runs`
  return `${row.name ?? ''} on ${shortRev(build?.rev ?? '')}: ${verdictWord(cell.verdict, cell.state)}${many}${firstBad ? ', the first bad build' : ''}`
}

// Chosen for comparison: at most two; a third takes the older one's place.
export function toggled(chosen: readonly string[], run: string): string[] {
  return chosen.includes(run) ? chosen.filter((one) => one !== run) : [...chosen.slice(-1), run]
}

// What a spreadsheet gets besides the verdict.
export const counted: readonly { name: string; of: (cell: MatrixCellJson) => number }[] = [
  { name: 'passed', of: (cell) => cell.passed ?? 0 },
  { name: 'failed', of: (cell) => cell.failed ?? 0 },
  { name: 'lab-error', of: (cell) => cell.labErrors ?? 0 },
]

export interface Cell {
  row: number
  column: number
}
type Filled = readonly (readonly boolean[])[]
const ways: Record<string, Cell> = {
  ArrowUp: { row: -1, column: 0 }, ArrowDown: { row: 1, column: 0 }, ArrowLeft: { row: 0, column: -1 }, ArrowRight: { row: 0, column: 1 },
}
// The next cell that has a run, the way a key points; undefined: it is no such key.
export function beside(filled: Filled, at: Cell, key: string): Cell | undefined {
  const way = ways[key]
  if (!way) return undefined
  for (let { row, column } = at; ;) {
    row += way.row
    column += way.column
    const there = filled[row]?.[column]
    if (there === undefined) return at
    if (there) return { row, column }
  }
}
export function firstFilled(filled: Filled): Cell | undefined {
  const row = filled.findIndex((cells) => cells.includes(true))
  return row < 0 ? undefined : { row, column: filled[row]?.indexOf(true) ?? 0 }
}
