// The facts inside a static report: what the pages would have got from assayd. What
// was left out of the file is said, not hidden.
import type { ConsoleLineJson, ConsoleLinesJson, ConsoleMatchesJson, StaticReportJson } from '../proto/assay/v1/web_pb.ts'
import { number } from './format.ts'
import { guarded } from './regex_guard.ts'
import { Failure, type LiveState, type Query, type Source, type Stop } from './source.ts'
import { withoutEscapes } from './visible.ts'

const most = 2000 // lines an answer, as assayd has it
const turn = 20 // ms of searching before the page gets its turn
const budget = 4000 // ms of searching in all

const elsewhere = () => Promise.reject(new Failure(404, 'This file holds one run; assayd knows about the rest.'))
const missing = (what: string) => Promise.reject(new Failure(404, `${what} is not in this file.`))

// Says once that all is there.
function ended(state: (state: LiveState) => void): Stop {
  let over = false
  queueMicrotask(() => {
    if (!over) state('ended')
  })
  return () => {
    over = true
  }
}

const grouped = (n: number) => n.toLocaleString('en')

// One console, in the pieces that the file has of it, ascending.
export class Console {
  readonly pieces: ConsoleLinesJson[]
  readonly total: number
  constructor(pieces: readonly ConsoleLinesJson[]) {
    this.pieces = [...pieces].sort((a, b) => number(a.from) - number(b.from))
    this.total = Math.max(0, ...pieces.map((p) => Math.max(number(p.total), number(p.from) + (p.lines?.length ?? 0))))
  }

  // Line n; where a gap is, words in its first line and dots in the others.
  line(n: number): ConsoleLineJson {
    let gapFrom = 0
    let at = '0s'
    for (const piece of this.pieces) {
      const from = number(piece.from)
      const lines = piece.lines ?? []
      if (n < from) return gap(n, gapFrom, from, at)
      const line = lines[n - from]
      if (line) return line
      gapFrom = Math.max(gapFrom, from + lines.length)
      at = lines.at(-1)?.at ?? at
    }
    return gap(n, gapFrom, this.total, at)
  }

  window(from: number, count: number): ConsoleLinesJson {
    const first = Math.max(0, Math.min(from < 0 ? this.total + from : from, this.total))
    const end = Math.min(this.total, first + Math.max(0, Math.min(count, most)))
    const lines: ConsoleLineJson[] = []
    for (let n = first; n < end; ++n) lines.push(this.line(n))
    const { attempt, role, bytes, cut } = this.pieces[0] ?? {}
    const here = this.pieces.reduce((sum, p) => sum + (p.lines?.length ?? 0), 0)
    const gone = this.total - here
    const left = gone > 0 ? `${grouped(gone)} of ${grouped(this.total)} lines are not in this file` : ''
    return {
      attempt: attempt ?? '', role: role ?? '', from: String(first), total: String(this.total), bytes: bytes ?? '0',
      lines, ended: true, cut: [cut ?? '', left].filter((words) => words !== '').join('; '),
    }
  }
}

function gap(n: number, from: number, to: number, at: string): ConsoleLineJson {
  const lines = to - from === 1 ? `line ${grouped(from + 1)} is` : `lines ${grouped(from + 1)} to ${grouped(to)} are`
  return { at, text: n === from ? `⋯ ${lines} not in this file ⋯` : '⋯' }
}

// What a reader sees is searched: without colours. The page gets its turn now and
// then; an expression that takes too long ends with words.
async function search(console: Console, query: Query, signal?: AbortSignal): Promise<ConsoleMatchesJson> {
  const text = String(query['text'] ?? '')
  if (text === '') throw new Failure(400, 'Nothing to search for.')
  const on = (name: string) => query[name] === true || query[name] === '1' || query[name] === 1
  const limit = Math.min(number(query['limit'] === undefined ? 1000 : String(query['limit'])), 10_000)
  const plain = on('case') ? text : text.toLowerCase()
  const matches = on('regex') ? guarded(text, on('case'))
    : (line: string) => (on('case') ? line : line.toLowerCase()).includes(plain)
  const lines: string[] = []
  let total = 0
  const until = performance.now() + budget
  let pause = performance.now() + turn
  for (const piece of console.pieces) {
    for (const [i, line] of (piece.lines ?? []).entries()) {
      if (matches(withoutEscapes(line.text ?? ''))) {
        ++total
        if (lines.length < limit) lines.push(String(number(piece.from) + i))
      }
      const now = performance.now()
      if (now > until) throw new Failure(503, 'This search takes too long. Try a simpler expression.')
      if (now < pause) continue
      await new Promise((resume) => setTimeout(resume))
      signal?.throwIfAborted()
      pause = performance.now() + turn
    }
  }
  return { lines, total: String(total) }
}

export function embeddedSource(report: StaticReportJson): Source {
  const consoles = new Map<string, Console>()
  const consoleOf = (attempt: string, role: string): Console | undefined => {
    const key = JSON.stringify([attempt, role])
    const known = consoles.get(key)
    if (known) return known
    const pieces = (report.consoles ?? []).filter((c) => (c.attempt ?? '') === attempt && (c.role ?? '') === role)
    if (pieces.length === 0) return undefined
    const made = new Console(pieces)
    consoles.set(key, made)
    return made
  }
  return {
    isStatic: true,
    now: elsewhere,
    runs: elsewhere,
    run: (id) => (report.run && report.run.id === id ? Promise.resolve(report.run) : missing(`Run ${id}`)),
    why: () => Promise.resolve({}),
    baseline: () => Promise.resolve(report.baseline ?? {}),
    timeline: (attempt) => {
      const found = report.timelines?.find((timeline) => timeline.attempt === attempt)
      return found ? Promise.resolve(found) : missing(`The timeline of ${attempt}`)
    },
    lines: (attempt, role, from, count) => {
      const found = consoleOf(attempt, role)
      return found ? Promise.resolve(found.window(from, count)) : missing(`The console of ${role} in ${attempt}`)
    },
    search: (attempt, role, query, signal) => {
      const found = consoleOf(attempt, role)
      return found ? search(found, query, signal) : missing(`The console of ${role} in ${attempt}`)
    },
    boards: elsewhere,
    agents: elsewhere,
    plans: elsewhere,
    matrix: elsewhere,
    planHistory: elsewhere,
    boardHistory: elsewhere,
    artifact: (sha256) => {
      const found = report.artifacts?.find((artifact) => artifact.sha256 === sha256)
      return found ? Promise.resolve(found) : missing('What its header says')
    },
    consoleUrl: () => undefined,
    artifactUrl: () => undefined,
    liveNow: (on) => ended(on.state),
    liveRuns: (on) => ended(on.state),
    liveRun: (_, on) => ended(on.state),
  }
}
