// Where a console's view stands, and what keys and searches do to it. Pure.
import type { Lines } from './choice.ts'

// The next match after (or before) a line, round the end; undefined: there is none.
export function nextMatch(matches: readonly number[], line: number, back: boolean): number | undefined {
  if (matches.length === 0) return undefined
  if (back) return matches.findLast((one) => one < line) ?? matches.at(-1)
  return matches.find((one) => one > line) ?? matches[0]
}

// With Shift a selection grows from where it began.
export function selected(old: Lines | undefined, role: string, line: number, grow: boolean): Lines {
  if (!grow || old?.role !== role) return { role, from: line, to: line }
  return { role, from: Math.min(old.from, line), to: Math.max(old.to, line) }
}

// How far a key moves the first row shown; undefined: it is no such key.
export function moved(key: string, top: number, page: number, last: number): number | undefined {
  switch (key) {
    case 'ArrowDown': case 'j': return top + 1
    case 'ArrowUp': case 'k': return top - 1
    case 'PageDown': case ' ': return top + page - 1
    case 'PageUp': return top - page + 1
    case 'Home': return 0
    case 'End': return last
    default: return undefined
  }
}
