// All boards, by site: an agent is a site.
import { useMemo } from 'preact/hooks'
import { visible } from '../data/visible.ts'
import { Command } from '../parts/copy.tsx'
import { Export } from '../parts/export.tsx'
import { ChoiceField, TextField } from '../parts/field.tsx'
import { LeasedBy } from '../parts/leased.tsx'
import { Text } from '../parts/text.tsx'
import { Empty, LiveBadge, useLoad, useSource } from '../shell/load.tsx'
import { setQuery, usePlace } from '../shell/router.tsx'
import { boardColumns, boardMatches, boardState, boardStates, boardSymbols, counts, runOf, sites, type Site } from './lab.ts'
import { AsOf, useOverview } from './now.tsx'
import { boardLink, runLink } from './now_parts.tsx'
import './now.css'
import './boards.css'

export function Boards() {
  const { query } = usePlace()
  const state = query.get('state') ?? ''
  const text = query.get('text') ?? ''
  const source = useSource()
  const { heard, state: live } = useOverview()
  const overview = heard?.overview
  // A lab too large for one overview: the whole list then, again whenever it may differ.
  const cut = (overview?.boardsTotal ?? 0) > (overview?.boards?.length ?? 0)
  const rest = useLoad((signal) => (cut ? source.boards(signal) : Promise.resolve(undefined)), [source, cut, cut ? heard?.at : 0])
  const all = useMemo(() => (cut ? rest.data ?? overview?.boards : overview?.boards) ?? [], [cut, rest.data, overview])
  const shown = all.filter((board) => boardMatches(board, state, text))
  const agents = overview?.agents ?? []
  const filtered = state !== '' || text !== ''
  const found = sites(shown, filtered ? agents.filter((agent) => shown.some((board) => board.agent === agent.id) || agent.id === text) : agents)
  const old = heard !== undefined && live !== 'live'
  return (
    <>
      <div class="now-head"><h1>Boards</h1><p><LiveBadge state={live} />{old ? <AsOf state={live} at={heard.at} /> : null}</p></div>
      <form class="bar" role="search" aria-label="Filter the boards" onSubmit={(event) => event.preventDefault()}>
        <TextField label="Text" value={text} set={(now) => setQuery({ text: now })} hint="board, profile, agent, tag…" />
        <ChoiceField label="State" value={state} set={(now) => setQuery({ state: now })} options={boardStates} />
        {filtered ? <a class="clear" href="/boards">Clear</a> : null}
        <span class="faint boards-count" role="status">{heard === undefined ? '' : `${shown.length} of ${all.length}: ${counts(shown) || 'none'}`}</span>
        <Export name="boards" columns={boardColumns} rows={shown} />
      </form>
      {heard === undefined ? (live === 'lost'
        ? <Empty title="assayd does not answer"><p>Start it with <Command text="assay up" /></p></Empty>
        : <p class="state" role="status">Loading boards…</p>)
        : found.length > 0 ? <div class={old ? 'dated' : ''}>{found.map((site) => <SiteTable key={site.agent} site={site} />)}</div>
        : filtered ? <Empty title="No board matches"><p><a href="/boards">All boards</a></p></Empty>
        : <Empty title="No boards"><p>No agent has connected. A lab of virtual boards:</p><p><Command text="assay up" /></p></Empty>}
    </>
  )
}

function SiteTable({ site }: { site: Site }) {
  const name = site.agent === '' ? 'no agent' : visible(site.agent)
  return (
    <section aria-label={`Boards of ${name}`}>
      <h2 class="site-name">
        <bdi>{name}</bdi>{' '}
        {site.connected ? <span class="faint">{site.version === '' ? 'connected' : <>agent <Text of={site.version} /></>}</span> : <span class="bad">✕ lost</span>}
        <span class="faint"> {counts(site.boards)}</span>
      </h2>
      {site.boards.length === 0 ? <p class="faint">It has no boards.</p> : (
        <table class="board-list">
          <thead><tr><th scope="col">Board</th><th scope="col">State</th><th scope="col">Profile</th><th scope="col">Holder, reason</th><th scope="col">Abilities, tags</th></tr></thead>
          <tbody>
            {site.boards.map((board) => {
              const state = boardState(board)
              const holder = board.holder ?? ''
              return (
                <tr key={board.id}>
                  <td class="b-id"><a href={boardLink(board.id ?? '')}><Text of={board.id} /></a></td>
                  <td class="b-state"><span class={`cell ${state}`}><span aria-hidden="true">{boardSymbols[state]}</span> {state}</span></td>
                  <td class="b-profile"><Text of={board.profile} /></td>
                  <td class="b-why">
                    <LeasedBy board={board} />{' '}
                    {holder === '' ? null : <a href={runLink(runOf(holder))}>{holder}</a>}{' '}
                    <Text of={board.reason} />
                  </td>
                  <td class="b-tags faint"><Text of={[...(board.abilities ?? []), ...(board.tags ?? [])].join(', ')} /></td>
                </tr>
              )
            })}
          </tbody>
        </table>
      )}
    </section>
  )
}
