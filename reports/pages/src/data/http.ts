// assayd over HTTP. Live connections come back by themselves: EventSource sends
// the last id that it saw; one that the server closed for good is opened again here.
import type { ListAgentsResponseJson, ListBoardsResponseJson, RunPartJson } from '../proto/assay/v1/orchestrator_pb.ts'
import type { ConsoleLinesJson, OverviewJson, ProblemJson, RunChangeJson, TimelineJson } from '../proto/assay/v1/web_pb.ts'
import { Failure, type LiveState, type Query, type Source, type Stop } from './source.ts'

export const path = (...parts: string[]) => `/api/v1/${parts.map(encodeURIComponent).join('/')}`

export function withQuery(address: string, query: Query): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') given.set(name, typeof value === 'boolean' ? (value ? '1' : '0') : String(value))
  }
  const text = given.toString()
  return text === '' ? address : `${address}?${text}`
}

async function get<T>(address: string, signal?: AbortSignal): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(address, { signal: signal ?? null, headers: { accept: 'application/json' } })
  } catch (error) {
    if (signal?.aborted === true) throw error
    throw new Failure(0, 'assayd does not answer. Is it running?')
  }
  if (!answer.ok) {
    let text = `${answer.status} ${answer.statusText}`
    try {
      text = ((await answer.json()) as ProblemJson).error ?? text
    } catch {
      // No Problem: the status line has to do.
    }
    throw new Failure(answer.status, text)
  }
  return (await answer.json()) as T
}

const retryAfter = 1000 // ms, when the browser has given up by itself

function live(address: string, on: Record<string, (data: unknown) => void>, state: (state: LiveState) => void): Stop {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = ''
  let over = false
  const open = () => {
    state('connecting')
    source = new EventSource(last === '' ? address : withQuery(address, { after: last }))
    source.onopen = () => state('live')
    source.onerror = () => {
      if (over) return
      state('lost')
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, retryAfter)
    }
    for (const [name, take] of Object.entries(on)) {
      source.addEventListener(name, (event) => {
        if (event.lastEventId !== '') last = event.lastEventId
        take(JSON.parse(event.data as string))
      })
    }
    source.addEventListener('end', () => {
      over = true
      source?.close()
      state('ended')
    })
  }
  open()
  return () => {
    over = true
    clearTimeout(timer)
    source?.close()
  }
}

export const httpSource: Source = {
  isStatic: false,
  now: (signal) => get(path('now'), signal),
  runs: (query, signal) => get(withQuery(path('runs'), query), signal),
  run: (id, signal) => get(path('runs', id), signal),
  why: (id, signal) => get(path('runs', id, 'why'), signal),
  baseline: (id, signal) => get(path('runs', id, 'baseline'), signal),
  timeline: (attempt, signal) => get(path('attempts', attempt, 'timeline'), signal),
  lines: (attempt, role, from, count, signal) =>
    get(withQuery(path('attempts', attempt, 'console', role, 'lines'), { from, count }), signal),
  search: (attempt, role, query, signal) =>
    get(withQuery(path('attempts', attempt, 'console', role, 'search'), query), signal),
  boards: async (signal) => (await get<ListBoardsResponseJson>(path('boards'), signal)).boards ?? [],
  agents: async (signal) => (await get<ListAgentsResponseJson>(path('agents'), signal)).agents ?? [],
  plans: (signal) => get(path('plans'), signal),
  matrix: (query, signal) => get(withQuery(path('matrix'), query), signal),
  planHistory: (plan, query, signal) => get(withQuery(path('plans', plan, 'history'), query), signal),
  boardHistory: (board, query, signal) => get(withQuery(path('boards', board, 'history'), query), signal),
  artifact: (sha256, signal) => get(path('artifacts', sha256), signal),
  consoleUrl: (attempt, role) => path('attempts', attempt, 'console', role),
  artifactUrl: (sha256) => path('artifacts', sha256, 'bytes'),
  liveNow: (on) => live(path('live', 'now'), { overview: (data) => on.overview(data as OverviewJson) }, on.state),
  liveRuns: (on) => live(path('live', 'runs'), { run: (data) => on.change(data as RunChangeJson) }, on.state),
  liveRun: (id, on) =>
    live(path('live', 'runs', id), {
      run: (data) => on.run(data as RunPartJson),
      lines: (data) => on.lines(data as ConsoleLinesJson),
      timeline: (data) => on.timeline(data as TimelineJson),
    }, on.state),
}
