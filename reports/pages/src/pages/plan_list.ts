// The plans there are: those shipped, and those that somebody ran. Pure.
import type { PlanInfoJson, RunJson } from '../proto/assay/v1/orchestrator_pb.ts'

export interface KnownPlan {
  name: string
  shipped: PlanInfoJson | undefined
  runs: RunJson[] // the newest of them, newest first
}
export const shownRuns = 12

// `runs` newest first. Shipped plans in their order, then the others, latest run first.
export function knownPlans(shipped: readonly PlanInfoJson[], runs: readonly RunJson[]): KnownPlan[] {
  const plans = new Map<string, KnownPlan>(shipped.map((plan) => [plan.id ?? '', { name: plan.id ?? '', shipped: plan, runs: [] }]))
  for (const run of runs) {
    const name = run.plan ?? ''
    const plan = plans.get(name) ?? { name, shipped: undefined, runs: [] }
    if (plan.runs.length < shownRuns) plan.runs.push(run)
    plans.set(name, plan)
  }
  return [...plans.values()]
}
