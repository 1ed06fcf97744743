// What a strip shows, on one axis of seconds. Pure.
import { number, seconds } from '../../data/format.ts'
import type { StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import type { MarkJson, TimelineJson } from '../../proto/assay/v1/web_pb.ts'
import { packed, type Span } from './axis.ts'

export interface Bar extends Span {
  step: StepResultJson
  row: number
}
export interface Power {
  role: string
  on: Span[]
  edges: MarkJson[] // resets too
}
export interface Lanes {
  length: number
  bars: Bar[]
  rows: number
  // A row for each step.
  waterfall: boolean
  power: Power[]
  activity: { role: string; span: number; bytes: number[]; most: number }[]
  progress: { step: number; points: { at: number; share: number }[] }[]
  notes: MarkJson[]
}
const fewSteps = 16
const mostRows = 4

export function lanesOf(steps: readonly StepResultJson[], timeline: TimelineJson | undefined): Lanes {
  const end = (step: StepResultJson) => seconds(step.startedAt) + seconds(step.took)
  let length = Math.max(0.01, seconds(timeline?.length))
  for (const step of steps) length = Math.max(length, end(step))
  const shown = steps.filter((step) => step.state !== 'STEP_STATE_SKIPPED')
  const spans = shown.map((step) => ({
    from: seconds(step.startedAt), to: step.state === 'STEP_STATE_RUNNING' || step.state === undefined ? length : end(step),
  }))
  const waterfall = shown.length <= fewSteps
  const rows = waterfall ? shown.map((_, i) => i) : packed(spans, mostRows)
  const bars = shown.map((step, i) => ({ step, row: rows[i] ?? 0, from: spans[i]?.from ?? 0, to: spans[i]?.to ?? 0 }))

  const power = new Map<string, Power>()
  const progress = new Map<number, { at: number; share: number }[]>()
  const notes: MarkJson[] = []
  for (const mark of timeline?.marks ?? []) {
    const at = seconds(mark.at)
    if (mark.kind === 'KIND_NOTE' || mark.kind === 'KIND_MEASUREMENT') notes.push(mark)
    else if (mark.kind === 'KIND_PROGRESS') {
      const points = progress.get(mark.step ?? 0) ?? []
      const total = Number(mark.total ?? 0)
      points.push({ at, share: total > 0 ? Math.min(1, Number(mark.value ?? 0) / total) : 0 })
      progress.set(mark.step ?? 0, points)
    } else if (mark.kind === 'KIND_POWER_ON' || mark.kind === 'KIND_POWER_OFF' || mark.kind === 'KIND_RESET') {
      const role = mark.role ?? ''
      const lane = power.get(role) ?? { role, on: [], edges: [] }
      const last = lane.on.at(-1)
      if (mark.kind === 'KIND_POWER_ON' && (!last || Number.isFinite(last.to))) lane.on.push({ from: at, to: Infinity })
      if (mark.kind === 'KIND_POWER_OFF' && last && !Number.isFinite(last.to)) last.to = at
      lane.edges.push(mark)
      power.set(role, lane)
    }
  }
  for (const lane of power.values()) for (const on of lane.on) on.to = Math.min(on.to, length)
  const activity = (timeline?.activity ?? []).map((one) => {
    const all = (one.bytes ?? []).map(number)
    return { role: one.role ?? '', span: seconds(one.span), bytes: all, most: all.reduce((a, b) => Math.max(a, b), 1) }
  })
  return {
    length, bars, rows: rows.reduce((a, b) => Math.max(a, b + 1), 0), waterfall, power: [...power.values()], activity,
    progress: [...progress].map(([step, points]) => ({ step, points })), notes,
  }
}
