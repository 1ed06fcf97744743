// Where pages get their facts from: assayd over HTTP, or the data inside a static
// report. Pages know nothing else.
import type {
  AgentJson, BoardJson, ListPlansResponseJson, ListRunsResponseJson, RunJson, RunPartJson, WhyRunResponseJson,
} from '../proto/assay/v1/orchestrator_pb.ts'
import type {
  ArtifactInfoJson, BaselineJson, ConsoleLinesJson, ConsoleMatchesJson, HistoryJson, MatrixJson, OverviewJson,
  RunChangeJson, TimelineJson,
} from '../proto/assay/v1/web_pb.ts'

// Parameters of an address; those that are '' or undefined are left out.
export type Query = Record<string, string | number | boolean | undefined>

export interface RunLive {
  run: (part: RunPartJson) => void // the first is the whole run
  lines: (lines: ConsoleLinesJson) => void
  timeline: (timeline: TimelineJson) => void
  state: (state: LiveState) => void
}
// 'ended': the run is over and everything was sent.
export type LiveState = 'connecting' | 'live' | 'lost' | 'ended'
export type Stop = () => void

export interface Source {
  readonly isStatic: boolean
  now(signal?: AbortSignal): Promise<OverviewJson>
  runs(query: Query, signal?: AbortSignal): Promise<ListRunsResponseJson>
  run(id: string, signal?: AbortSignal): Promise<RunJson>
  why(id: string, signal?: AbortSignal): Promise<WhyRunResponseJson>
  baseline(id: string, signal?: AbortSignal): Promise<BaselineJson>
  timeline(attempt: string, signal?: AbortSignal): Promise<TimelineJson>
  lines(attempt: string, role: string, from: number, count: number, signal?: AbortSignal): Promise<ConsoleLinesJson>
  search(attempt: string, role: string, query: Query, signal?: AbortSignal): Promise<ConsoleMatchesJson>
  boards(signal?: AbortSignal): Promise<BoardJson[]>
  agents(signal?: AbortSignal): Promise<AgentJson[]>
  plans(signal?: AbortSignal): Promise<ListPlansResponseJson>
  matrix(query: Query, signal?: AbortSignal): Promise<MatrixJson>
  planHistory(plan: string, query: Query, signal?: AbortSignal): Promise<HistoryJson>
  boardHistory(board: string, query: Query, signal?: AbortSignal): Promise<HistoryJson>
  artifact(sha256: string, signal?: AbortSignal): Promise<ArtifactInfoJson>
  // Addresses to download from; undefined in a static report.
  consoleUrl(attempt: string, role: string): string | undefined
  artifactUrl(sha256: string): string | undefined
  // A live connection each, until Stop.
  liveNow(on: { overview: (overview: OverviewJson) => void; state: (state: LiveState) => void }): Stop
  liveRuns(on: { change: (change: RunChangeJson) => void; state: (state: LiveState) => void }): Stop
  liveRun(id: string, on: RunLive): Stop
}

// What a page shows when an answer was not 2xx, or none came (status 0).
export class Failure extends Error {
  constructor(readonly status: number, message: string) {
    super(message)
  }
}
