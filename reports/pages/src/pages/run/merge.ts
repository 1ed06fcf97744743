// Parts of a run, as a live connection sends them, put together: as in
// lib/wire/run_parts.cpp. Pure: what did not change stays the same object.
import type { AttemptJson, JobJson, RunJson, RunPartJson, StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'

// `merged` in the place of those with the same key; others follow.
function put<T>(old: readonly T[], fresh: readonly T[], key: (one: T) => string | number, merged: (old: T | undefined, fresh: T) => T): T[] {
  if (fresh.length === 0) return old as T[]
  const all = [...old]
  const places = new Map(all.map((one, at) => [key(one), at]))
  for (const one of fresh) {
    const at = places.get(key(one))
    if (at === undefined) {
      places.set(key(one), all.length)
      all.push(merged(undefined, one))
    } else {
      all[at] = merged(all[at], one)
    }
  }
  return all
}

const attemptOf = (old: AttemptJson | undefined, fresh: AttemptJson): AttemptJson => ({
  ...fresh,
  steps: put<StepResultJson>(old?.steps ?? [], fresh.steps ?? [], (step) => step.index ?? 0, (_, step) => step),
})
const jobOf = (old: JobJson | undefined, fresh: JobJson): JobJson => ({
  ...fresh,
  attempts: put(old?.attempts ?? [], fresh.attempts ?? [], (attempt) => attempt.id ?? '', attemptOf),
})
export function mergeRun(old: RunJson | undefined, fresh: RunJson): RunJson {
  return { ...fresh, jobs: put(old?.jobs ?? [], fresh.jobs ?? [], (job) => job.id ?? '', jobOf) }
}

export interface Kept {
  shown: RunJson | undefined
  // Of a state whose rest is still to come.
  half: RunJson | undefined
}
export function take(kept: Kept, part: RunPartJson): Kept {
  const run = mergeRun(kept.half ?? kept.shown, part.run ?? {})
  return part.more === true ? { shown: kept.shown, half: run } : { shown: run, half: undefined }
}
