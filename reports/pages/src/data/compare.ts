// What of two runs belongs together, and what of it differs. Pure.
import type { FindingJson } from '../proto/assay/v1/event_pb.ts'
import type { AttemptJson, JobJson, NamedArtifactJson, RunJson, StepResultJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { diff } from './diff.ts'
import { seconds } from './format.ts'
import { normalised } from './normalise.ts'

export interface Pair<T> {
  a: T | undefined
  b: T | undefined
}

// Those with equal keys go together, in their order; then what only b has.
export function pairs<T>(a: readonly T[], b: readonly T[], key: (each: T) => string): Pair<T>[] {
  const left = new Map<string, T[]>()
  for (const each of b) left.set(key(each), [...(left.get(key(each)) ?? []), each])
  const found: Pair<T>[] = a.map((each) => ({ a: each, b: left.get(key(each))?.shift() }))
  const only = new Set([...left.values()].flat())
  return [...found, ...b.filter((each) => only.has(each)).map((each) => ({ a: undefined, b: each }))]
}

const sorted = (map: Record<string, string> | undefined) => Object.entries(map ?? {}).sort(([x], [y]) => (x < y ? -1 : x > y ? 1 : 0))

export const jobKey = (job: JobJson): string => JSON.stringify([job.profile ?? '', sorted(job.params)])
export const pairJobs = (a: RunJson, b: RunJson) => pairs(a.jobs ?? [], b.jobs ?? [], jobKey)
// "virtual-zephyr, power=cut"
export const jobName = (job: JobJson): string => [job.profile ?? '', ...sorted(job.params).map(([name, value]) => `${name}=${value}`)].join(', ')

// The attempt that a job's verdict is from.
export const lastAttempt = (job: JobJson | undefined): AttemptJson | undefined => job?.attempts?.at(-1)

const stepKey = (step: StepResultJson) => JSON.stringify([step.role ?? '', (step.id ?? '') === '' ? step.text ?? '' : `#${step.id ?? ''}`])

export interface StepPair extends Pair<StepResultJson> {
  key: string // unique here
  state: boolean // it differs; so on
  slower: boolean // the longer one took much longer
  findings: boolean
}
const ratio = 1.5
const noticeable = 0.1 // s

export function muchLonger(a: number, b: number): boolean {
  return Math.abs(a - b) > noticeable && Math.max(a, b) > ratio * Math.min(a, b)
}

export const findingText = (finding: FindingJson): string =>
  [finding.channel ?? '', finding.says ?? '', finding.expected ?? '', finding.observed ?? ''].join('\n')

function findingsDiffer(a: StepResultJson, b: StepResultJson): boolean {
  const texts = (step: StepResultJson) => (step.findings ?? []).map((finding) => normalised(findingText(finding), true)).sort()
  return JSON.stringify(texts(a)) !== JSON.stringify(texts(b))
}

// In the order of both; a step that only one has stands where it has it.
export function pairSteps(a: readonly StepResultJson[], b: readonly StepResultJson[]): StepPair[] {
  return diff(a.map(stepKey), b.map(stepKey)).map(({ op, a: x, b: y }) => {
    const pair = { a: op === 'added' ? undefined : a[x], b: op === 'removed' ? undefined : b[y] }
    const both = pair.a && pair.b
    return {
      ...pair,
      key: `${pair.a?.index ?? (pair.a ? 0 : '')}:${pair.b?.index ?? (pair.b ? 0 : '')}`,
      state: !both || pair.a?.state !== pair.b?.state,
      slower: both !== undefined && muchLonger(seconds(pair.a?.took), seconds(pair.b?.took)),
      findings: both !== undefined && pair.a !== undefined && findingsDiffer(pair.a, both),
    }
  })
}
export const stepDiffers = (step: StepPair): boolean => step.state || step.slower || step.findings

export interface Difference {
  name: string
  a: string | undefined
  b: string | undefined
}
export function differences(a: Record<string, string>, b: Record<string, string>): Difference[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => ({ name, a: a[name], b: b[name] })).filter((d) => d.a !== d.b)
}

// Where and with what an attempt ran.
export function surroundings(job: JobJson | undefined, attempt = lastAttempt(job)): Record<string, string> {
  const all: Record<string, string> = {}
  if (attempt?.agent !== undefined) all['agent'] = attempt.agent
  for (const [role, board] of sorted(attempt?.boards)) all[`board ${role}`] = board
  if (job?.specDigest !== undefined) all['compiled plan'] = job.specDigest
  for (const [name, value] of sorted(attempt?.environment)) all[name] = value
  return all
}

export const pairArtifacts = (a: RunJson, b: RunJson): Pair<NamedArtifactJson>[] =>
  pairs(a.artifacts ?? [], b.artifacts ?? [], (artifact) => artifact.name ?? '')

// Anything of the job that a reader should look at.
export function jobDiffers({ a, b }: Pair<JobJson>): boolean {
  if (!a || !b || a.verdict !== b.verdict) return true
  return pairSteps(lastAttempt(a)?.steps ?? [], lastAttempt(b)?.steps ?? []).some(stepDiffers)
}
