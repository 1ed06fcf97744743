// What is looked at: ?attempt=r17.1.2&step=4#dut-L123-L130. Lines are numbered
// from 1 for people, from 0 inside. Pure.
import type { AttemptJson, JobJson, RunJson } from '../../proto/assay/v1/orchestrator_pb.ts'

export interface Lines {
  role: string
  from: number
  to: number // included
}
export function linesOf(hash: string): Lines | undefined {
  let text = hash
  try {
    text = decodeURIComponent(hash)
  } catch {
    // As it is.
  }
  const match = /^(.+?)-L(\d{1,12})(?:-L?(\d{1,12}))?$/.exec(text)
  if (!match) return undefined
  const from = Math.max(1, Number(match[2])) - 1
  const to = match[3] === undefined ? from : Math.max(1, Number(match[3])) - 1
  return { role: match[1] ?? '', from: Math.min(from, to), to: Math.max(from, to) }
}
export const hashOf = ({ role, from, to }: Lines) =>
  `${encodeURIComponent(role)}-L${from + 1}${to > from ? `-L${to + 1}` : ''}`

export function stepOf(query: URLSearchParams): number | undefined {
  const text = query.get('step') ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

export interface Chosen {
  job: JobJson
  attempt: AttemptJson | undefined
}
const rank: Record<string, number> = { VERDICT_FAILED: 4, VERDICT_LAB_ERROR: 3, VERDICT_CANCELLED: 2 }

// The one asked for; else the last attempt of the job that decides: the first
// failed one, else the worst, else one that runs, else the first.
export function chosen(run: RunJson, asked: string | null): Chosen | undefined {
  const jobs = run.jobs ?? []
  for (const job of jobs) {
    const attempt = job.attempts?.find((one) => one.id === asked)
    if (attempt) return { job, attempt }
    if (job.id === asked) return { job, attempt: job.attempts?.at(-1) }
  }
  let best: JobJson | undefined
  let most = -1
  for (const job of jobs) {
    const worth = rank[job.verdict ?? ''] ?? (job.state === 'RUN_STATE_RUNNING' ? 1 : 0)
    if (worth > most) {
      best = job
      most = worth
    }
  }
  return best && { job: best, attempt: best.attempts?.at(-1) }
}

// The roles that have a console: of the boards first, in order of name.
export function rolesOf(attempt: AttemptJson | undefined, active: readonly (string | undefined)[]): string[] {
  const roles = new Set(Object.keys(attempt?.boards ?? {}).sort())
  for (const role of active) if (role !== undefined) roles.add(role)
  return [...roles]
}
