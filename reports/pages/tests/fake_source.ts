// A Source that a test fills in: what it does not give is not there (404), and live
// connections say nothing.
import { Failure, type Source } from '../src/data/source.ts'

const missing = (what: string) => () => Promise.reject(new Failure(404, `no ${what} here`))

export function fakeSource(given: Partial<Source> = {}): Source {
  return {
    isStatic: false,
    now: missing('overview'),
    runs: missing('runs'),
    run: missing('run'),
    why: missing('reasons'),
    baseline: () => Promise.resolve({}),
    timeline: missing('timeline'),
    lines: missing('console'),
    search: missing('console'),
    boards: missing('boards'),
    agents: missing('agents'),
    plans: missing('plans'),
    matrix: missing('matrix'),
    planHistory: missing('history'),
    boardHistory: missing('history'),
    artifact: missing('artifact'),
    consoleUrl: () => undefined,
    artifactUrl: () => undefined,
    liveNow: () => () => undefined,
    liveRuns: () => () => undefined,
    liveRun: () => () => undefined,
    ...given,
  }
}
