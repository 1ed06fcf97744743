// A console whose long lines wrap: how tall its rows are is known of those that are
// drawn only. So row r * count stands at r of the view's height, where r is how far it
// is scrolled, 0 to 1: whatever comes to be known of other rows moves no row in view by
// itself, none lies over another, and both ends are the ends. Pure.

// Of the rows drawn, beginning with `first`: where each begins, px, and where the last ends.
export interface Heights {
  first: number
  tops: readonly number[]
}
export function heights(first: number, tall: readonly number[]): Heights {
  const tops = [0]
  for (const px of tall) tops.push((tops.at(-1) ?? 0) + px)
  return { first, tops }
}
export const tallOf = ({ tops }: Heights): number => tops.at(-1) ?? 0

// Where row `at` begins; 3.5 is the middle of row 3.
export function offset({ first, tops }: Heights, at: number): number {
  const n = Math.max(0, Math.min(tops.length - 1, Math.floor(at) - first))
  const here = tops[n] ?? 0
  const next = tops[n + 1] ?? here
  return here + Math.max(0, Math.min(1, at - first - n)) * (next - here)
}

// How far the rows that are drawn are scrolled out of the view at r.
export const scrolledBy = (drawn: Heights, r: number, count: number, view: number): number => offset(drawn, r * count) - r * view

// The rows of which all is in view at r.
export function inView(drawn: Heights, r: number, count: number, view: number): number {
  const from = scrolledBy(drawn, r, count, view)
  return drawn.tops.filter((top, i) => top >= from - 1 && (drawn.tops[i + 1] ?? Infinity) <= from + view + 1).length
}

// The r nearest to this one at which all of `row` is in view, or its beginning if it
// is taller than that.
export function revealed(drawn: Heights, row: number, r: number, count: number, view: number): number {
  const n = row - drawn.first
  const top = drawn.tops[n]
  const end = drawn.tops[n + 1]
  // Not drawn: where it is shown for certain.
  if (top === undefined || end === undefined) return count < 2 ? 0 : (row + row / (count - 1)) / count
  const now = scrolledBy(drawn, r, count, view)
  const want = now > top || end - top > view ? top : Math.max(now, end - view)
  if (Math.abs(want - now) < 0.5) return r
  let low = drawn.first / count
  let high = (drawn.first + drawn.tops.length - 1) / count
  for (let i = 0; i < 50; ++i) {
    const middle = (low + high) / 2
    if (scrolledBy(drawn, middle, count, view) < want) low = middle
    else high = middle
  }
  return high
}
