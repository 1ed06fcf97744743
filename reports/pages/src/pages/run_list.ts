// A page of runs: which ones, and what becomes of it when runs change. Pure.
import { verdictWord } from '../data/format.ts'
import type { Query } from '../data/source.ts'
import type { ListRunsResponseJson, RunJson } from '../proto/assay/v1/orchestrator_pb.ts'

export const filterNames = ['text', 'status', 'project', 'ref', 'plan', 'profile', 'rev'] as const
export type FilterName = (typeof filterNames)[number]
export type Filters = Record<FilterName, string>
export const statuses = ['passed', 'failed', 'lab-error', 'cancelled', 'running', 'queued'] as const

export function filtersOf(query: URLSearchParams): Filters {
  return Object.fromEntries(filterNames.map((name) => [name, (query.get(name) ?? '').trim()])) as Filters
}
export const isFiltered = (filters: Filters): boolean => filterNames.some((name) => filters[name] !== '')
export const pageQuery = (filters: Filters, token: string, size: number): Query =>
  ({ ...filters, page_size: size, page_token: token })

// 17 of "r17".
export const numberOf = (id: string | undefined): number => Number(/^r(\d+)/.exec(id ?? '')?.[1] ?? 0)

// As assayd filters. `undefined`: a run without jobs does not say its profiles.
export function matches(run: RunJson, filters: Filters): boolean | undefined {
  const same = (['project', 'ref', 'plan', 'rev'] as const).every((name) => filters[name] === '' || filters[name] === (run[name] ?? ''))
  if (!same || (filters.status !== '' && filters.status !== verdictWord(run.verdict, run.state))) return false
  const text = filters.text.toLowerCase()
  const where = [run.plan, run.project, run.rev, run.ref, run.sentence]
  if (text !== '' && !where.some((part) => part?.toLowerCase().includes(text))) return false
  if (filters.profile === '') return true
  if (run.jobs === undefined || run.jobs.length === 0) return undefined
  return run.jobs.some((job) => job.profile === filters.profile)
}

const stages = ['RUN_STATE_UNSPECIFIED', 'RUN_STATE_QUEUED', 'RUN_STATE_RUNNING', 'RUN_STATE_ENDED']
// A run never goes back: of two answers that crossed on the way the one further on holds.
export function later(listed: RunJson, heard: RunJson | undefined): RunJson {
  if (heard === undefined) return listed
  const stage = (run: RunJson) => stages.indexOf(run.state ?? 'RUN_STATE_UNSPECIFIED')
  return stage(heard) >= stage(listed) ? { ...listed, ...heard } : listed
}

export interface RunPage {
  rows: RunJson[]
  // Runs that would stand on this page if it were asked for again; `surely`: all match.
  fresh: string[]
  surely: boolean
}
export function pageOf(answer: ListRunsResponseJson, heard: ReadonlyMap<string, RunJson>, filters: Filters, newest: boolean): RunPage {
  const listed = answer.runs ?? []
  const there = new Set(listed.map((run) => run.id))
  // Further back than the page's end: not on this page.
  const end = (answer.nextPageToken ?? '') === '' ? 0 : numberOf(listed.at(-1)?.id)
  const page: RunPage = { rows: listed.map((run) => later(run, heard.get(run.id ?? ''))), fresh: [], surely: true }
  if (!newest) return page
  for (const [id, run] of heard) {
    if (there.has(id) || numberOf(id) <= end) continue
    const answerOf = matches(run, filters)
    if (answerOf === false) continue
    page.fresh.push(id)
    page.surely &&= answerOf === true
  }
  return page
}

const kept = 1000
// The changes heard, the newest last; the oldest are forgotten.
export function hear(heard: ReadonlyMap<string, RunJson>, run: RunJson): Map<string, RunJson> {
  const next = new Map(heard)
  const id = run.id ?? ''
  if (id === '') return next
  next.delete(id)
  next.set(id, run)
  for (const oldest of next.keys()) {
    if (next.size <= kept) break
    next.delete(oldest)
  }
  return next
}

// Two at most, for a comparison: a third takes the place of the one chosen first.
export const maxChosen = 2
export function choose(chosen: readonly string[], id: string): string[] {
  return chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id].slice(-maxChosen)
}
export const chosenOf = (query: URLSearchParams): string[] =>
  (query.get('chosen') ?? '').split(',').filter((id) => /^r\d+$/.test(id)).slice(-maxChosen)
// The older run is the one that the other is compared with.
export function compareLink(chosen: readonly string[]): string | undefined {
  const [a, b] = [...chosen].sort((x, y) => numberOf(x) - numberOf(y))
  return a === undefined || b === undefined ? undefined : `/compare?a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`
}

// Everything that matches, page after page, at most `limit` runs.
export async function everyRun(ask: (query: Query) => Promise<ListRunsResponseJson>, filters: Filters, limit: number,
  progress: (runs: number) => void): Promise<{ runs: RunJson[]; more: boolean }> {
  const runs: RunJson[] = []
  let token = ''
  do {
    const answer = await ask(pageQuery(filters, token, Math.min(1000, limit - runs.length)))
    runs.push(...(answer.runs ?? []))
    token = answer.nextPageToken ?? ''
    progress(runs.length)
  } while (token !== '' && runs.length < limit)
  return { runs, more: token !== '' }
}
