import { describe, expect, it } from 'vitest'
import { diff, fold, type Change } from '../src/data/diff.ts'

// Of every line: what the diff says stands in a and in b, in order.
function sides(a: readonly string[], b: readonly string[], changes: readonly Change[]) {
  for (const { op, a: x, b: y } of changes) if (op === 'same') expect(a[x]).toBe(b[y])
  return {
    a: changes.filter((c) => c.op !== 'added').map((c) => c.a),
    b: changes.filter((c) => c.op !== 'removed').map((c) => c.b),
  }
}
// The change applied to a.
function applied(a: readonly string[], b: readonly string[], changes: readonly Change[]): (string | undefined)[] {
  const lines: (string | undefined)[] = [...a]
  let moved = 0
  for (const change of changes) {
    if (change.op === 'removed') lines.splice(change.a + moved--, 1)
    if (change.op === 'added') lines.splice(change.a + moved++, 0, b[change.b])
  }
  return lines
}
const count = (length: number) => Array.from({ length }, (_, i) => i)
const edits = (changes: readonly Change[]) => changes.filter((c) => c.op !== 'same').length

// The fewest edits, by the book.
function fewest(a: readonly string[], b: readonly string[]): number {
  let row = count(b.length + 1)
  for (const [i, line] of a.entries()) {
    const next = [i + 1]
    for (const [j, other] of b.entries()) {
      next.push(line === other ? row[j] ?? 0 : 1 + Math.min(row[j + 1] ?? 0, next[j] ?? 0))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

describe('a diff', () => {
  it('of hand-made lists', () => {
    const text = (a: string, b: string) => diff(Array.from(a), Array.from(b)).map((c) => (c.op === 'same' ? ' ' : c.op === 'added' ? '+' : '-') + ((c.op === 'added' ? b[c.b] : a[c.a]) ?? '?')).join('')
    expect(text('', '')).toBe('')
    expect(text('abc', 'abc')).toBe(' a b c')
    expect(text('', 'ab')).toBe('+a+b')
    expect(text('ab', '')).toBe('-a-b')
    expect(text('abcd', 'axcd')).toBe(' a-b+x c d')
    expect(text('abxyd', 'abd')).toBe(' a b-x-y d')
    expect(text('abcabba', 'cbabac')).toHaveLength(2 * 9) // Myers' own example: 5 edits, 4 common
  })

  it('applied to a gives b with the fewest edits, whatever the lists', () => {
    const next = random(20251124)
    for (let round = 0; round < 400; ++round) {
      const letters = 1 + next(6)
      const list = () => count(next(24)).map(() => String.fromCharCode(97 + next(letters)))
      const [a, b] = [list(), list()]
      const changes = diff(a, b)
      expect(applied(a, b, changes)).toEqual(b)
      expect(sides(a, b, changes)).toEqual({ a: count(a.length), b: count(b.length) })
      expect(edits(changes)).toBe(fewest(a, b))
    }
  })

  it('past its limit is still true, only longer', () => {
    const next = random(7)
    for (let round = 0; round < 200; ++round) {
      const list = () => count(next(30)).map(() => String.fromCharCode(97 + next(4)))
      const [a, b] = [list(), list()]
      for (const limit of [0, 1, 3]) {
        const changes = diff(a, b, limit)
        expect(applied(a, b, changes)).toEqual(b)
        expect(sides(a, b, changes)).toEqual({ a: count(a.length), b: count(b.length) })
      }
    }
  })

  it('takes 2,000 lines without one in common', () => {
    const a = count(2000).map((i) => `a${i}`)
    const b = count(2000).map((i) => `b${i}`)
    expect(edits(diff(a, b))).toBe(4000)
  })
})

describe('folding', () => {
  const shape = (a: string, b: string, context?: number) => fold(diff(Array.from(a), Array.from(b)), context).map((s) => (s.folded ? '~' : '') + String(s.changes.length))
  it('hides what is equal and far', () => {
    expect(shape('abcdefghij', 'abcdefghij')).toEqual(['~10'])
    expect(shape('abcdefghij', 'abcdeXfghij', 2)).toEqual(['~3', '5', '~3'])
    expect(shape('abcdefghij', 'abcXdefghij', 2)).toEqual(['6', '~5'])
    expect(shape('', '')).toEqual([])
  })
})
