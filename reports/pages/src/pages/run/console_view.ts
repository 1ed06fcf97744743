// Where a console's view stands, and what keys and searches do to it. Pure.
import type { Lines } from './choice.ts'

// The next match after (or before) a line, round the end; undefined: there is none.
export function nextMatch(matches: readonly number[], line: number, back: boolean): number | undefined {
  if (matches.length === 0) return undefined
  if (back) return matches.findLast((one) => one < line) ?? matches.at(-1)
  return matches.find((one) => one > line) ?? matches[0]
}

// With Shift a selection grows and shrinks from where it began.
export const between = (role: string, anchor: number, line: number): Lines =>
  ({ role, from: Math.min(anchor, line), to: Math.max(anchor, line) })

// The line that a key moves to; undefined: it is no such key.
export function moved(key: string, line: number, page: number, total: number): number | undefined {
  const step = Math.max(1, page - 1)
  const to = { ArrowDown: line + 1, j: line + 1, ArrowUp: line - 1, k: line - 1, PageDown: line + step, PageUp: line - step, Home: 0, End: total - 1 }[key]
  return to === undefined ? undefined : Math.max(0, Math.min(total - 1, to))
}

// What of a console goes on paper: the end of what is chosen, or of all.
export const mostPrinted = 500
export const printedLast = 100
export function printed(at: Lines | undefined, total: number): { from: number; to: number; of: number } {
  const to = Math.min(total, at === undefined ? total : at.to + 1)
  const first = Math.min(to, at === undefined ? 0 : at.from)
  return { from: Math.max(first, to - (at === undefined ? printedLast : mostPrinted)), to, of: to - first }
}
