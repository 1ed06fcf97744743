// Proto JSON to what people read. Pure.
import type { StepStateJson, VerdictJson } from '../proto/assay/v1/event_pb.ts'
import type { RunStateJson } from '../proto/assay/v1/orchestrator_pb.ts'

// "1.250s" to seconds; absent is 0.
export const seconds = (duration: string | undefined): number => (duration === undefined ? 0 : parseFloat(duration))
// A 64-bit number; absent is 0.
export const number = (text: string | number | undefined): number => (text === undefined ? 0 : Number(text))

// "1.53 s", "48 ms", "2 min 5 s", "3 h 4 min".
export function duration(s: number): string {
  if (s < 0.0005) return '0 ms'
  if (s < 1) return `${Math.round(s * 1000)} ms`
  if (s < 10) return `${s.toFixed(2)} s`
  if (s < 60) return `${s.toFixed(1)} s`
  const whole = Math.round(s)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`
}

// "12 B", "4.1 KiB".
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let at = 0
  while (n >= 1024 && at < units.length - 1) {
    n /= 1024
    ++at
  }
  return `${at === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[at] ?? ''}`
}

// Seconds from start to end, or to `now` (ms) of what has not ended.
export function tookOf(of: { startedUnixMicros?: string; endedUnixMicros?: string }, now = 0): number | undefined {
  const start = number(of.startedUnixMicros)
  const end = number(of.endedUnixMicros) || now * 1000
  return start > 0 && end >= start ? (end - start) / 1e6 : undefined
}

export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`

export type Word = 'passed' | 'failed' | 'lab-error' | 'cancelled' | 'running' | 'queued' | 'skipped'
const symbols: Record<Word, string> = {
  passed: '✓', failed: '✗', 'lab-error': '⚠', cancelled: '⊘', running: '▶', queued: '…', skipped: '–',
}
export const symbol = (word: Word): string => symbols[word]

export function verdictWord(verdict: VerdictJson | undefined, state?: RunStateJson): Word {
  switch (verdict) {
    case 'VERDICT_PASSED': return 'passed'
    case 'VERDICT_FAILED': return 'failed'
    case 'VERDICT_LAB_ERROR': return 'lab-error'
    case 'VERDICT_CANCELLED': return 'cancelled'
    default: return state === 'RUN_STATE_RUNNING' ? 'running' : 'queued'
  }
}

export function stepWord(state: StepStateJson | undefined): Word {
  switch (state) {
    case 'STEP_STATE_PASSED': return 'passed'
    case 'STEP_STATE_FAILED': return 'failed'
    case 'STEP_STATE_LAB_ERROR': return 'lab-error'
    case 'STEP_STATE_CANCELLED': return 'cancelled'
    case 'STEP_STATE_SKIPPED': return 'skipped'
    default: return 'running'
  }
}

// The reader's zone; `utc` for the hover.
export function time(micros: string | number | undefined): { text: string; utc: string; iso: string } | undefined {
  const n = number(micros)
  if (n === 0) return undefined
  const date = new Date(n / 1000)
  return {
    text: date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' }),
    utc: `${date.toISOString().replace('T', ' ').slice(0, 19)} UTC`,
    iso: date.toISOString(),
  }
}
export function ago(micros: string | number | undefined, now: number): string {
  const n = number(micros)
  if (n === 0) return ''
  const s = Math.max(0, (now - n / 1000) / 1000)
  return s < 5 ? 'just now' : s < 60 ? `${Math.round(s)} s ago` : `${duration(Math.round(s / 60) * 60).replace(' 0 s', '').replace(/ 0 (min|h)$/, '')} ago`
}
