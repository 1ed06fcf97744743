// Where what is searched stands within a line. The search itself is assayd's (RE2);
// what RE2 reads and JavaScript does not, or may take for ever with, is not marked
// within the line. Pure.
import { longestLine } from '../../data/regex_guard.ts'
import type { Piece } from './ansi.ts'

export type Range = readonly [from: number, to: number]
export interface Wanted {
  text: string
  exact: boolean // upper and lower case differ
  regex: boolean
}

export function finder({ text, exact, regex }: Wanted): ((line: string) => Range[]) | undefined {
  if (text === '') return undefined
  let pattern: RegExp
  let most = Infinity
  try {
    if (regex) most = longestLine(text)
    pattern = new RegExp(regex ? text : text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'), exact ? 'g' : 'gi')
  } catch {
    return undefined
  }
  return (line) => {
    const all: Range[] = []
    for (const match of line.slice(0, most).matchAll(pattern)) {
      if (match[0] !== '') all.push([match.index, match.index + match[0].length])
      if (all.length >= 100) break
    }
    return all
  }
}

// The pieces, cut where a range begins or ends; `hit` within one.
export function marked(all: readonly Piece[], ranges: readonly Range[]): (Piece & { hit: boolean })[] {
  const out: (Piece & { hit: boolean })[] = []
  let at = 0
  let next = 0
  for (const piece of all) {
    let rest = piece.text
    while (rest !== '') {
      while ((ranges[next]?.[1] ?? Infinity) <= at) ++next
      const [from, to] = ranges[next] ?? [Infinity, Infinity]
      const hit = from <= at
      const length = Math.min(rest.length, (hit ? to : from) - at)
      out.push({ ...piece, text: rest.slice(0, length), hit })
      rest = rest.slice(length)
      at += length
    }
  }
  return out
}
