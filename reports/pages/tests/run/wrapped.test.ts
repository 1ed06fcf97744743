import { expect, it } from 'vitest'
import { heights, inView, offset, revealed, scrolledBy } from '../../src/pages/run/wrapped.ts'

// Ten rows: the fourth takes ten lines, the others one.
const tall = [20, 20, 20, 200, 20, 20, 20, 20, 20, 20]
const drawn = heights(0, tall)

it('knows where rows are', () => {
  expect([0, 3, 3.5, 4, 10, 11].map((at) => offset(drawn, at))).toEqual([0, 60, 160, 260, 380, 380])
  expect(offset(heights(100, [20, 40]), 101.5)).toBe(40)
})
it('shows both ends at the ends, and moves on without a jump', () => {
  expect([scrolledBy(drawn, 0, 10, 100), scrolledBy(drawn, 1, 10, 100)]).toEqual([0, 380 - 100])
  let before = 0
  for (let i = 1; i <= 1000; ++i) {
    const now = scrolledBy(drawn, i / 1000, 10, 100)
    expect(now).toBeGreaterThan(before)
    expect(now - before).toBeLessThan(2.01) // the tallest row, in a thousandth of ten rows
    before = now
  }
})
it('stays where it is while other rows come to be known', () => {
  // At 0.45 the middle of row 4 stands at 45 px, however tall the rows around it are.
  for (const others of [tall, tall.map((px, i) => (i === 4 ? px : px * 3))]) {
    const some = heights(0, others)
    expect(offset(some, 4.5) - scrolledBy(some, 0.45, 10, 100)).toBe(45)
  }
})
it('shows a row, no further than it must', () => {
  const seen = (row: number, r: number) => {
    const to = revealed(drawn, row, r, 10, 100)
    const from = scrolledBy(drawn, to, 10, 100)
    return { to, top: Math.round(offset(drawn, row) - from) + 0, end: Math.round(offset(drawn, row + 1) - from) }
  }
  expect(seen(1, 0)).toEqual({ to: 0, top: 20, end: 40 }) // it is in view
  expect(seen(5, 0)).toMatchObject({ top: 80, end: 100 })
  expect(seen(0, 1).to).toBeCloseTo(0, 9)
  expect(seen(3, 0)).toMatchObject({ top: 0, end: 200 }) // taller than the view: its beginning
  expect(seen(9, 0)).toMatchObject({ top: 80, end: 100 })
  // Not drawn: where it is in view for certain.
  expect(revealed(heights(0, [20]), 500_000, 0, 1_000_001, 100)).toBeCloseTo(0.5, 5)
  expect([revealed(heights(5, [20]), 0, 1, 10, 100), revealed(drawn, 10, 0, 11, 100)]).toEqual([0, 1])
  expect([inView(drawn, 0, 10, 100), inView(drawn, 1, 10, 100), inView(drawn, 0.4, 10, 100)]).toEqual([3, 5, 3])
})
