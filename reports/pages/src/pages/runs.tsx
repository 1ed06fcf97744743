// All runs: filtered, page by page, alive.
import { useCallback, useMemo, useRef, useState } from 'preact/hooks'
import { Command } from '../parts/copy.tsx'
import { ChoiceField, TextField } from '../parts/field.tsx'
import type { RunJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { Empty, LiveBadge, useLoad, useSource } from '../shell/load.tsx'
import { setQuery, usePlace } from '../shell/router.tsx'
import { AsOf } from './now.tsx'
import { moved, useKeys, type Move } from './row_keys.ts'
import { RunExport } from './run_export.tsx'
import { choose, chosenOf, compareLink, filtersOf, isFiltered, statuses, type FilterName, type Filters } from './run_list.ts'
import { RunTable } from './run_table.tsx'
import { useLiveRuns } from './runs_live.ts'
import './now.css'
import './runs.css'

const pageSize = 50

// This page's address with the token of another page.
export function pageLink(query: URLSearchParams, token: string): string {
  const other = new URLSearchParams(query)
  other.delete('page_token')
  if (token !== '') other.set('page_token', token)
  const text = other.toString()
  return text === '' ? '/runs' : `/runs?${text}`
}

export function Runs() {
  const { query } = usePlace()
  const filters = useMemo(() => filtersOf(query), [query])
  const token = query.get('page_token') ?? ''
  const chosen = chosenOf(query)
  const { loaded, page, state, lostAt, renew } = useLiveRuns(filters, token, pageSize)
  const older = loaded.data?.nextPageToken ?? ''
  // Without an answer at all the old page is still the best that there is.
  const broken = loaded.failure !== undefined && (loaded.data === undefined || loaded.failure.status !== 0)
  const list = useRef<HTMLDivElement>(null)
  const [help, setHelp] = useState(false)
  const toggle = (id: string) => setQuery({ chosen: choose(chosenOf(new URLSearchParams(location.search)), id).join(',') })
  const { enabled, enable } = useKeys(list, useCallback((move: Move) => press(move, list.current, setHelp), []))
  return (
    <>
      <div class="now-head"><h1>Runs</h1><p><LiveBadge state={state} />{lostAt === undefined ? null : <AsOf state={state} at={lostAt} />}</p></div>
      <FilterBar filters={filters} rows={page.rows} />
      <div class="runs-tools">
        <p role="status" aria-label="New runs">
          {page.fresh.length === 0 ? null : (
            <button type="button" class="fresh" onClick={renew}>
              {page.surely ? `${page.fresh.length} new ${page.fresh.length === 1 ? 'run' : 'runs'}` : 'Newer runs: look again'}
            </button>
          )}
        </p>
        <RunExport filters={filters} />
      </div>
      {broken ? (
        <section class="state" role="alert">
          <h2>This did not work</h2>
          <p>{loaded.failure?.message}</p>
          <p><button type="button" onClick={loaded.reload}>Try again</button> · <a href="/runs">All runs</a></p>
        </section>
      ) : loaded.data === undefined ? <p class="state" role="status">Loading runs…</p> : (
        <div ref={list} aria-busy={loaded.loading} class={lostAt === undefined ? '' : 'dated'}>
          {page.rows.length === 0 ? <NoRuns filtered={isFiltered(filters)} token={token} older={older} />
            : <RunTable rows={page.rows} chosen={chosen} toggle={toggle} />}
        </div>
      )}
      <nav class="pager" aria-label="Pages of runs">
        {token === '' ? null : <a href={pageLink(query, '')}>« Newest</a>}
        {older === '' || page.rows.length === 0 ? null : <a href={pageLink(query, older)} rel="next">Older ›</a>}
      </nav>
      <Chosen chosen={chosen} />
      <Help open={help} close={() => setHelp(false)} enabled={enabled} enable={enable} />
    </>
  )
}

function press(move: Move, list: HTMLElement | null, setHelp: (change: (old: boolean) => boolean) => void) {
  if (move === 'help') setHelp((old) => !old)
  if (move === 'filter') document.getElementById('runs-text')?.focus()
  if (move === 'help' || move === 'filter') return
  const rows = [...(list?.querySelectorAll<HTMLElement>('tbody tr') ?? [])]
  const at = rows.findIndex((row) => row.contains(document.activeElement))
  if (move === 'choose') rows[at]?.querySelector('input')?.click()
  else rows[moved(at, move === 'next' ? 1 : -1, rows.length)]?.querySelector<HTMLElement>('a.run-id')?.focus()
}

const unique = (words: readonly (string | undefined)[]): string[] =>
  [...new Set(words.filter((word) => word !== undefined && word !== ''))].sort() as string[]

function FilterBar({ filters, rows }: { filters: Filters; rows: readonly RunJson[] }) {
  const source = useSource()
  // Only to suggest words: without them one types.
  const plans = useLoad((signal) => source.plans(signal), [source])
  const boards = useLoad((signal) => source.boards(signal), [source])
  const set = (name: FilterName) => (text: string) => setQuery({ [name]: text, page_token: '' })
  const [all, setAll] = useState(false)
  const seen = (name: 'project' | 'ref' | 'rev' | 'plan') => unique(rows.map((run) => run[name]))
  return (
    <form class={all ? 'bar filters all' : 'bar filters'} role="search" aria-label="Filter the runs" onSubmit={(event) => event.preventDefault()}>
      <TextField label="Text" id="runs-text" value={filters.text} set={set('text')} hint="plan, revision, sentence…" />
      <ChoiceField label="Verdict" value={filters.status} set={set('status')} options={statuses} />
      <TextField rare label="Project" value={filters.project} set={set('project')} options={seen('project')} />
      <TextField rare label="Branch" value={filters.ref} set={set('ref')} options={seen('ref')} />
      <TextField rare label="Plan" value={filters.plan} set={set('plan')}
        options={unique([...seen('plan'), ...(plans.data?.plans ?? []).map((plan) => plan.id)])} />
      <TextField rare label="Profile" value={filters.profile} set={set('profile')} options={unique((boards.data ?? []).map((board) => board.profile))} />
      <TextField rare label="Revision" value={filters.rev} set={set('rev')} options={seen('rev')} />
      <button type="button" class="more" aria-expanded={all} onClick={() => setAll(!all)}>{all ? 'Fewer filters' : 'More filters'}</button>
      {isFiltered(filters) ? <a class="clear" href="/runs">Clear</a> : null}
    </form>
  )
}

function NoRuns({ filtered, token, older }: { filtered: boolean; token: string; older: string }) {
  const { query } = usePlace()
  if (older !== '') {
    return (
      <Empty title="Nothing among the runs looked at">
        <p>The text was sought in 20,000 runs. <a href={pageLink(query, older)}>Look further back</a></p>
      </Empty>
    )
  }
  if (token !== '') return <Empty title="No older runs"><p><a href={pageLink(query, '')}>The newest</a></p></Empty>
  if (filtered) return <Empty title="No run matches"><p><a href="/runs">All runs</a></p></Empty>
  return (
    <Empty title="Nothing has run yet">
      <p>With assayd and an agent running (<Command text="assay up" />), a first run:</p>
      <p><Command text="assay run ota-revert" /></p>
    </Empty>
  )
}

function Chosen({ chosen }: { chosen: readonly string[] }) {
  if (chosen.length === 0) return null
  const link = compareLink(chosen)
  return (
    <div class="chosen" role="region" aria-label="Chosen runs">
      <span role="status">{chosen.join(' and ')} chosen{link === undefined ? '; choose another to compare them' : ''}</span>
      {link === undefined ? null : <a class="button" href={link}>Compare</a>}
      <button type="button" onClick={() => setQuery({ chosen: '' })}>Clear</button>
    </div>
  )
}

function Help({ open, close, enabled, enable }: { open: boolean; close: () => void; enabled: boolean; enable: (yes: boolean) => void }) {
  return (
    <div class="keys faint">
      <p>
        {enabled ? <span><kbd>j</kbd> <kbd>k</kbd> move · <kbd>Enter</kbd> open · <kbd>x</kbd> choose to compare · <kbd>/</kbd> filter · <kbd>?</kbd> more</span>
          : <span>Single keys are off. </span>}
        {' '}<label><input type="checkbox" checked={enabled} onChange={(event) => enable(event.currentTarget.checked)} /> single keys</label>
      </p>
      {!open ? null : (
        <section aria-label="Keys">
          <dl>
            <dt><kbd>j</kbd>, <kbd>k</kbd></dt><dd>next, previous run; <kbd>↓</kbd> and <kbd>↑</kbd> as well, inside the list</dd>
            <dt><kbd>Enter</kbd></dt><dd>open the run</dd>
            <dt><kbd>x</kbd></dt><dd>choose it; two chosen runs can be compared</dd>
            <dt><kbd>/</kbd></dt><dd>go to the text filter</dd>
            <dt><kbd>?</kbd></dt><dd>show or hide this</dd>
          </dl>
          <button type="button" onClick={close}>Close</button>
        </section>
      )}
    </div>
  )
}
