// One board: what it is, who has it, what it went through.
import { useEffect, useRef, useState } from 'preact/hooks'
import { pointHref } from '../data/history.ts'
import type { LiveState } from '../data/source.ts'
import { Command, quoted } from '../parts/copy.tsx'
import { HistoryView, LimitField, span } from '../parts/history.tsx'
import { LeasedBy } from '../parts/leased.tsx'
import { Text } from '../parts/text.tsx'
import type { BoardJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { LiveBadge, Show, useLoad, useSource } from '../shell/load.tsx'
import { usePlace } from '../shell/router.tsx'
import { boardState, boardSymbols, type BoardState } from './lab.ts'
import './board.css'

// The board as it is now; `reload` is called when an attempt has let go of it.
function useBoard(id: string, reload: () => void): { board: BoardJson | undefined; state: LiveState } {
  const source = useSource()
  const [board, setBoard] = useState<BoardJson>()
  const [state, setState] = useState<LiveState>('connecting')
  const latest = useRef(reload)
  latest.current = reload
  useEffect(() => {
    let holder: string | undefined
    const stop = source.liveNow({
      overview: ({ boards }) => {
        const found = boards?.find((each) => each.id === id)
        if (!found) return
        const now = `${found.holder ?? ''} ${found.lease ?? ''}`
        if (holder !== undefined && holder !== now) latest.current()
        holder = now
        setBoard(found)
      },
      state: setState,
    })
    return stop
  }, [source, id])
  return { board, state }
}

const colours: Record<BoardState, string> = { idle: 'passed', leased: 'running', quarantined: 'failed', offline: 'lab-error' }

function State({ board }: { board: BoardJson }) {
  const state = boardState(board)
  return <span class={`badge ${colours[state]}`}><span aria-hidden="true">{boardSymbols[state]}</span> {state}</span>
}

function Tags({ of }: { of: readonly string[] | undefined }) {
  if (of === undefined || of.length === 0) return <span class="faint">none</span>
  return <>{of.map((each) => <span class="chip" key={each}><Text of={each} /></span>)}</>
}

function Facts({ board, switches, flashes }: { board: BoardJson; switches: string; flashes: string }) {
  const holder = board.holder ?? ''
  return (
    <dl class="fact-list board-facts">
      <dt>State</dt>
      <dd><State board={board} />{holder === '' ? null : <> by <a href={pointHref(holder)}>{holder}</a></>}</dd>
      {(board.lease ?? '') === '' ? null : <><dt>Leased by</dt><dd><LeasedBy board={board} /></dd></>}
      <dt>Agent</dt><dd><Text of={board.agent} /></dd>
      <dt>Profile</dt><dd><Text of={board.profile} /></dd>
      <dt>Can do</dt><dd><Tags of={board.abilities} /></dd>
      <dt>Tags</dt><dd><Tags of={board.tags} /></dd>
      <dt>Power switches</dt><dd>{Number(switches).toLocaleString()}</dd>
      {(board.recovery ?? '') === '' ? null : <><dt>Last recovery</dt><dd><Text of={board.recovery} /></dd></>}
      <dt>Flash cycles</dt><dd>{Number(flashes).toLocaleString()}</dd>
    </dl>
  )
}

function Commands({ board, id }: { board: BoardJson; id: string }) {
  const name = quoted(id)
  return (
    <div class="board-commands">
      <Command text={`assay console ${name}`} />
      <Command text={`assay lease ${name} --for 30m`} />
      {boardState(board) === 'quarantined' ? <Command text={`assay restore ${name}`} />
        : <Command text={`assay quarantine ${name} --why '…'`} />}
    </div>
  )
}

export function Board({ id }: { id: string }) {
  const source = useSource()
  const { query } = usePlace()
  const limit = query.get('limit') ?? '200'
  const loaded = useLoad((signal) => source.boardHistory(id, { limit }, signal), [source, id, limit])
  const { board: now, state } = useBoard(id, loaded.reload)
  return (
    <>
      <h1>Board <Text of={id} /></h1>
      <Show loaded={loaded} what="this board">
        {(history) => {
          const board = now ?? history.board ?? {}
          const reason = board.reason ?? ''
          return <>
            {reason === '' ? null : <p class="callout"><strong>{boardState(board) === 'quarantined' ? 'Out of use' : 'Why'}:</strong> <Text of={reason} /></p>}
            <Facts board={board} switches={history.powerSwitches ?? '0'} flashes={history.flashCycles ?? '0'} />
            <Commands board={board} id={id} />
            <div class="bar">
              <LimitField value={limit} />
              <span class="faint">{span(history.points ?? [], 'attempts')}</span>
              <LiveBadge state={state} />
            </div>
            <HistoryView history={history} noun="attempts" file={`board-${id}`} planColumn />
          </>
        }}
      </Show>
    </>
  )
}
