// What runs, what waits and why, the boards, and what needs somebody's attention.
import { useEffect, useState } from 'preact/hooks'
import { number, time } from '../data/format.ts'
import type { LiveState } from '../data/source.ts'
import { Command } from '../parts/copy.tsx'
import { Export } from '../parts/export.tsx'
import { Text } from '../parts/text.tsx'
import type { OverviewJson } from '../proto/assay/v1/web_pb.ts'
import { Empty, LiveBadge, useSource } from '../shell/load.tsx'
import { boardColumns } from './lab.ts'
import { Alerts, BoardGrid, Ended, Running, Waiting } from './now_parts.tsx'
import './now.css'

export interface Heard {
  overview: OverviewJson
  at: number // our clock, ms, when it came
  ahead: number // ms that assayd's clock is ahead of ours
}

export function useOverview(): { heard: Heard | undefined; state: LiveState } {
  const source = useSource()
  const [heard, setHeard] = useState<Heard>()
  const [state, setState] = useState<LiveState>('connecting')
  useEffect(() => source.liveNow({
    overview: (overview) => {
      const at = Date.now()
      const theirs = number(overview.unixMicros)
      setHeard({ overview, at, ahead: theirs === 0 ? 0 : theirs / 1000 - at })
    },
    state: setState,
  }), [source])
  return { heard, state }
}

// "as of 17:31:02" as soon as nobody says that it is still so.
export function AsOf({ state, at }: { state: LiveState; at: number }) {
  if (state === 'live') return null
  const shown = time(at * 1000)
  return <span class="as-of"> as of <time dateTime={shown?.iso} title={shown?.utc}>{new Date(at).toLocaleTimeString()}</time></span>
}

export function Now() {
  const { heard, state } = useOverview()
  const old = heard !== undefined && state !== 'live'
  return (
    <>
      <div class="now-head">
        <h1>Now</h1>
        <p><LiveBadge state={state} />{old ? <AsOf state={state} at={heard.at} /> : null}</p>
      </div>
      {heard !== undefined ? <div class={old ? 'now dated' : 'now'}><Lab heard={heard} old={old} /></div>
        : state === 'lost' ? (
          <Empty title="assayd does not answer">
            <p>This page fills as soon as it does. Start it with</p><p><Command text="assay up" /></p>
          </Empty>
        ) : <p class="state" role="status">Loading what runs…</p>}
    </>
  )
}

function Lab({ heard, old }: { heard: Heard; old: boolean }) {
  const { overview, ahead } = heard
  const running = overview.running ?? []
  const waiting = overview.waiting ?? []
  const boards = overview.boards ?? []
  const agents = overview.agents ?? []
  const ended = overview.ended ?? []
  const until = old ? heard.at : undefined
  if (agents.length === 0 && boards.length === 0 && running.length === 0 && waiting.length === 0 && ended.length === 0) {
    return (
      <Empty title="An empty lab">
        <p>No agent has connected and nothing has run yet. A lab of virtual boards:</p>
        <p><Command text="assay up" /></p>
        <p>and in another terminal, a first run: an update that must be taken back</p>
        <p><Command text="assay run ota-revert" /></p>
      </Empty>
    )
  }
  return (
    <>
      <Alerts alerts={overview.alerts ?? []} />
      <div class="now-columns">
        <div>
          <Running runs={running} total={overview.runningTotal ?? running.length} ahead={ahead} until={until} />
          <Waiting jobs={waiting} total={overview.waitingTotal ?? waiting.length} ahead={ahead} until={until} />
        </div>
        <div>
          <div class="now-title">
            <h2><a href="/boards">Boards</a> <span class="faint">{overview.boardsTotal ?? boards.length}</span></h2>
            <Export name="boards" columns={boardColumns} rows={boards} />
          </div>
          <BoardGrid boards={boards} agents={agents} total={overview.boardsTotal ?? boards.length} ahead={ahead} />
        </div>
      </div>
      <Ended runs={ended} ahead={ahead} />
      {overview.version !== undefined && overview.version !== '' ? <p class="faint now-version">assayd <Text of={overview.version} /></p> : null}
    </>
  )
}
