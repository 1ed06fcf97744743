// One time axis: which seconds a strip shows, and where. Pure.
export interface Span {
  from: number // seconds
  to: number
}
const shortest = 0.002

// Never beyond the ends; keeps its length where it can.
export function within(span: Span, length: number): Span {
  const all = Math.max(length, shortest)
  const width = Math.min(all, Math.max(shortest, span.to - span.from))
  const from = Math.min(Math.max(0, span.from), all - width)
  return { from, to: from + width }
}
export const zoomed = (span: Span, length: number, factor: number, at: number): Span =>
  within({ from: at - (at - span.from) / factor, to: at + (span.to - at) / factor }, length)
export const panned = (span: Span, length: number, by: number): Span =>
  within({ from: span.from + by, to: span.to + by }, length)

export const place = (span: Span, width: number, at: number): number => ((at - span.from) / (span.to - span.from)) * width

// Round times, some 90 px apart.
export function ticks(span: Span, width: number): number[] {
  const wish = ((span.to - span.from) * 90) / Math.max(1, width)
  const power = 10 ** Math.floor(Math.log10(wish))
  const nice = wish < 10 ? [1, 2, 5, 10].map((n) => n * power) : [10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400]
  const step = nice.find((n) => n >= wish) ?? Math.ceil(wish / 86400) * 86400
  const all: number[] = []
  for (let n = Math.ceil(span.from / step); n * step <= span.to && all.length < 200; ++n) all.push(n * step)
  return all
}
export function tickText(at: number, all: readonly number[]): string {
  const step = (all[1] ?? 1) - (all[0] ?? 0)
  if (at >= 60 && step >= 1) {
    const s = Math.round(at)
    const rest = `${Math.floor(s / 60) % 60}`
    const clock = `${s >= 3600 ? `${Math.floor(s / 3600)}:${rest.padStart(2, '0')}` : rest}:${String(s % 60).padStart(2, '0')}`
    return clock
  }
  const digits = step >= 1 ? 0 : Math.min(3, Math.ceil(-Math.log10(step) - 1e-9))
  return `${at.toFixed(digits)} s`
}

// Rows such that bars in one row do not overlap; at most `most`, the last takes the rest.
export function packed(bars: readonly Span[], most: number): number[] {
  const ends: number[] = []
  return bars.map(({ from, to }) => {
    let row = ends.findIndex((end) => end <= from + 1e-9)
    if (row < 0) row = Math.min(ends.length, most - 1)
    ends[row] = Math.max(ends[row] ?? 0, to)
    return row
  })
}
