// What the lab consists of, as Now and Boards show it. Pure.
import type { Column } from '../parts/export.tsx'
import type { AgentJson, BoardJson, JobJson, RunJson } from '../proto/assay/v1/orchestrator_pb.ts'

export const boardStates = ['idle', 'leased', 'quarantined', 'offline'] as const
export type BoardState = (typeof boardStates)[number]
export const boardSymbols: Record<BoardState, string> = { idle: '○', leased: '▶', quarantined: '⊘', offline: '✕' }
// A word that these pages do not know yet is shown as out of use, not as usable.
export const boardState = (board: BoardJson): BoardState => boardStates.find((state) => state === board.state) ?? 'offline'

// "r17" of "r17.1.2".
export const runOf = (id: string): string => id.split('.', 1)[0] ?? id

export interface Site {
  agent: string
  connected: boolean
  version: string
  boards: BoardJson[]
}
const byName = new Intl.Collator('en', { numeric: true }).compare

// Boards under their agents; agents without boards are sites as well, and so is "" for
// boards that no agent has.
export function sites(boards: readonly BoardJson[], agents: readonly AgentJson[]): Site[] {
  const found = new Map<string, Site>()
  for (const agent of agents) {
    const id = agent.id ?? ''
    found.set(id, { agent: id, connected: agent.state === 'connected', version: agent.version ?? '', boards: [] })
  }
  for (const board of boards) {
    const id = board.agent ?? ''
    const site = found.get(id) ?? { agent: id, connected: false, version: '', boards: [] }
    site.boards.push(board)
    found.set(id, site)
  }
  for (const site of found.values()) site.boards.sort((a, b) => byName(a.id ?? '', b.id ?? ''))
  return [...found.values()].sort((a, b) => byName(a.agent, b.agent))
}

// "3 idle, 1 leased", without those that are not there.
export function counts(boards: readonly BoardJson[]): string {
  return boardStates.map((state) => ({ state, n: boards.filter((board) => boardState(board) === state).length }))
    .filter(({ n }) => n > 0).map(({ state, n }) => `${n} ${state}`).join(', ')
}

export function boardMatches(board: BoardJson, state: string, text: string): boolean {
  if (state !== '' && boardState(board) !== state) return false
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '')
  const where = [board.id, board.profile, board.agent, board.reason, board.holder, board.person, board.lease, ...(board.abilities ?? []), ...(board.tags ?? [])]
    .join(' ').toLowerCase()
  return words.every((word) => where.includes(word))
}

// Where a run is: boards and agents of the attempts that are under way, each once.
export function whereRuns(run: RunJson): { boards: string[]; agents: string[] } {
  const boards = new Set<string>()
  const agents = new Set<string>()
  for (const job of run.jobs ?? []) {
    for (const attempt of job.attempts ?? []) {
      if (attempt.state === 'RUN_STATE_ENDED') continue
      for (const board of Object.values(attempt.boards ?? {})) boards.add(board)
      if (attempt.agent !== undefined && attempt.agent !== '') agents.add(attempt.agent)
    }
  }
  return { boards: [...boards].sort(byName), agents: [...agents].sort(byName) }
}

export interface Progress {
  ended: number // jobs
  jobs: number
  failed: number // of those that ended: not passed
  step: string // the newest step under way, or ''
  share: number | undefined // of that step
}
function lastStep(job: JobJson) {
  return job.attempts?.at(-1)?.steps?.filter((step) => step.state === 'STEP_STATE_RUNNING').at(-1)
}
export function progressOf(run: RunJson): Progress {
  const jobs = run.jobs ?? []
  const ended = jobs.filter((job) => job.state === 'RUN_STATE_ENDED')
  const step = jobs.map(lastStep).find((found) => found !== undefined)
  const total = Number(step?.progressTotal ?? 0)
  return {
    ended: ended.length,
    jobs: jobs.length,
    failed: ended.filter((job) => job.verdict !== 'VERDICT_PASSED').length,
    step: step?.text ?? '',
    share: total > 0 ? Math.min(1, Number(step?.progressDone ?? 0) / total) : undefined,
  }
}

export const boardColumns: readonly Column<BoardJson>[] = [
  { name: 'agent', of: (b) => b.agent ?? '' }, { name: 'board', of: (b) => b.id ?? '' },
  { name: 'profile', of: (b) => b.profile ?? '' }, { name: 'state', of: (b) => b.state ?? '' },
  { name: 'holder', of: (b) => b.holder ?? '' }, { name: 'person', of: (b) => b.person ?? '' }, { name: 'reason', of: (b) => b.reason ?? '' },
  { name: 'abilities', of: (b) => (b.abilities ?? []).join(' ') }, { name: 'tags', of: (b) => (b.tags ?? []).join(' ') },
]
