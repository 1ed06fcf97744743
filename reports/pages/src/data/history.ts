// What a history says beyond its numbers, and where its dots are drawn. Pure.
import type { HistoryPointJson } from '../proto/assay/v1/web_pb.ts'
import { duration, number, seconds, verdictWord, type Word } from './format.ts'

// An attempt ("r17.1.2") is shown by its run's page.
export function pointHref(id: string): string {
  const run = id.split('.', 1)[0] ?? id
  const address = `/runs/${encodeURIComponent(run)}`
  return run === id ? address : `${address}?attempt=${encodeURIComponent(id)}`
}

export function pointWord(point: HistoryPointJson): Word {
  const word = verdictWord(point.verdict)
  return word === 'queued' && number(point.startedUnixMicros) !== 0 ? 'running' : word
}

export interface Since {
  bad: HistoryPointJson // the oldest failed one after the last that passed
  good: HistoryPointJson | undefined // that one; undefined: none passed here
  failures: number // since then
}
// Since when it fails; undefined when the newest verdict is not failed. Lab errors
// and cancelled runs say nothing about the product and are passed over.
export function failingSince(newestFirst: readonly HistoryPointJson[]): Since | undefined {
  let bad: HistoryPointJson | undefined
  let failures = 0
  for (const point of newestFirst) {
    if (point.verdict === 'VERDICT_PASSED') return bad && { bad, good: point, failures }
    if (point.verdict !== 'VERDICT_FAILED') continue
    bad = point
    ++failures
  }
  return bad && { bad, good: undefined, failures }
}

export interface Dot {
  point: HistoryPointJson
  word: Word
  x: number // 0 (oldest) to 1
  y: number // 0 (nothing) to 1 (`top`)
  beyond: boolean // longer than `top`: drawn at the edge
}
export interface Trend {
  dots: Dot[] // oldest first
  top: number // seconds
  beyond: number // how many are
}
const outlier = 4 // times p95: one that hung must not flatten all others
// Points that have ended, by their order and not by the clock: a quiet weekend is
// no gap.
export function trend(newestFirst: readonly HistoryPointJson[], p95: number): Trend {
  const ended = newestFirst.filter((p) => p.took !== undefined && verdictWord(p.verdict) !== 'queued').reverse()
  const longest = ended.reduce((most, p) => Math.max(most, seconds(p.took)), 0)
  const top = (p95 > 0 && longest > outlier * p95 ? 1.25 * p95 : longest) || 1
  const dots = ended.map((point, i) => {
    const share = seconds(point.took) / top
    return {
      point, word: verdictWord(point.verdict), y: Math.min(share, 1), beyond: share > 1,
      x: ended.length === 1 ? 0.5 : i / (ended.length - 1),
    }
  })
  return { dots, top, beyond: dots.filter((dot) => dot.beyond).length }
}

// "r17: failed after 2.31 s. SENTENCE"
export function pointTitle(point: HistoryPointJson): string {
  const after = point.took === undefined ? '' : ` after ${duration(seconds(point.took))}`
  const rev = point.rev === undefined || point.rev === '' ? '' : `, ${point.rev}`
  return `${point.id ?? ''}${rev}: ${pointWord(point)}${after}. ${point.sentence ?? ''}`.trim()
}

// The distinct values of a field, for suggestions; the newest first.
export function values(points: readonly HistoryPointJson[], field: 'project' | 'ref'): string[] {
  return [...new Set(points.map((p) => p[field] ?? ''))].filter((value) => value !== '').slice(0, 50)
}
