// Builds by plans, profiles or boards: where it broke, and since which build.
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { symbol, verdictWord } from '../data/format.ts'
import { visible } from '../data/visible.ts'
import { Export, type Column } from '../parts/export.tsx'
import { TextField } from '../parts/field.tsx'
import { shortRev } from '../parts/rev.tsx'
import { Text } from '../parts/text.tsx'
import { Time } from '../parts/time.tsx'
import type { MatrixJson, MatrixRowJson } from '../proto/assay/v1/web_pb.ts'
import { Empty, LiveBadge, Show, useLoad, useSource } from '../shell/load.tsx'
import { setQuery, usePlace } from '../shell/router.tsx'
import { beside, cellSentence, counted, firstFilled, share, toggled, type Cell } from './matrix_cells.ts'
import { chosenOf, compareLink, numberOf } from './run_list.ts'
import { useRenewal } from './renewal.ts'
import './matrix.css'

const kinds = ['plan', 'profile', 'board'] as const

export function Matrix() {
  const source = useSource()
  const { query } = usePlace()
  const get = (name: string) => query.get(name) ?? ''
  const asked = { project: get('project'), ref: get('ref'), rows: get('rows') || 'plan', builds: get('builds') }
  const loaded = useLoad((signal) => source.matrix(asked, signal), [source, ...Object.values(asked)])
  const state = useRenewal(loaded.reload, () => true)
  return (
    <>
      <h1>Matrix <LiveBadge state={state} /></h1>
      <form class="bar" role="search" aria-label="What the matrix shows" onSubmit={(event) => event.preventDefault()}>
        <TextField label="Project" value={asked.project} set={(project) => setQuery({ project })} />
        <TextField label="Branch" value={asked.ref} set={(ref) => setQuery({ ref })} />
        <label>Rows<select value={asked.rows} onChange={(event) => setQuery({ rows: event.currentTarget.value })}>
          {kinds.map((kind) => <option key={kind} value={kind}>{kind}s</option>)}
        </select></label>
        <label>Builds<select value={asked.builds || '20'} onChange={(event) => setQuery({ builds: event.currentTarget.value })}>
          {['10', '20', '50', '100'].map((n) => <option key={n} value={n}>{n}</option>)}
        </select></label>
      </form>
      <Show loaded={loaded} what="the matrix">{(matrix) => <Grid matrix={matrix} kind={asked.rows} />}</Show>
    </>
  )
}

function Grid({ matrix, kind }: { matrix: MatrixJson; kind: string }) {
  const [asked, setCompares] = useState(false)
  const chosen = chosenOf(usePlace().query)
  const compares = asked || chosen.length > 0
  const setChosen = (runs: readonly string[]) => setQuery({ chosen: runs.join(',') })
  const table = useRef<HTMLTableElement>(null)
  // Tab comes to one cell, arrows go from it to the others.
  const [place, setPlace] = useState<Cell>()
  // A cell that became a button (or a link again) keeps the keyboard.
  useLayoutEffect(() => {
    if (!place || document.activeElement !== document.body) return
    table.current?.querySelector<HTMLElement>(`.cell[data-row="${place.row}"][data-column="${place.column}"]`)?.focus()
  }, [compares, place])
  const builds = matrix.builds ?? []
  const rows = matrix.rows ?? []
  if (builds.length === 0 || rows.length === 0) {
    return <Empty title="No run of a build yet"><p>Runs with <code>--rev</code> are shown here: <code>assay run ota-revert --rev "$GIT_SHA" …</code></p></Empty>
  }
  const columns: Column<MatrixRowJson>[] = [
    { name: kind, of: (row) => row.name ?? '' },
    ...builds.map((build, i): Column<MatrixRowJson> => ({
      name: `${build.project ?? ''} ${build.rev ?? ''}`.trim(),
      of: (row) => ((row.cells?.[i]?.run ?? '') === '' ? '' : verdictWord(row.cells?.[i]?.verdict, row.cells?.[i]?.state)),
    })),
    ...builds.flatMap((build, i) => counted.map(({ name, of }): Column<MatrixRowJson> => ({
      name: `${build.project ?? ''} ${build.rev ?? ''} ${name}`.trim(),
      of: (row) => ((row.cells?.[i]?.run ?? '') === '' ? '' : of(row.cells?.[i] ?? {})),
    }))),
  ]
  const filled = rows.map((row) => builds.map((_, i) => (row.cells?.[i]?.run ?? '') !== ''))
  const tabbed = place && filled[place.row]?.[place.column] === true ? place : firstFilled(filled)
  const key = (event: KeyboardEvent) => {
    const cell = (event.target as Element).closest<HTMLElement>('.cell')
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return
    const run = cell.dataset['run'] ?? ''
    const at = { row: Number(cell.dataset['row']), column: Number(cell.dataset['column']) }
    const to = beside(filled, at, event.key)
    if (to) table.current?.querySelector<HTMLElement>(`.cell[data-row="${to.row}"][data-column="${to.column}"]`)?.focus()
    else if (event.key === 'Enter' && event.shiftKey) setChosen(toggled(chosen, run))
    else return
    event.preventDefault()
  }
  const [older, newer] = [...chosen].sort((x, y) => numberOf(x) - numberOf(y))
  const link = compareLink(chosen)
  return (
    <>
      <p class="bar">
        <button type="button" aria-pressed={compares} onClick={() => {
          setCompares(!compares)
          if (chosen.length > 0) setChosen([])
        }}>Compare two</button>
        <span class="faint">Arrows move; Shift with a click or Enter chooses.</span>
        {compares ? <span role="status">{chosen.length === 0 ? 'Choose two cells.' : chosen.join(' and ')}</span> : null}
        {link === undefined ? null : <a href={link}>Compare {older} with {newer}</a>}
        <Export name="matrix" columns={columns} rows={rows} />
      </p>
      <div class="table matrix" tabIndex={0} role="region" aria-label="Matrix: newest build first">
        <table ref={table} onKeyDown={key}>
          <thead>
            <tr>
              <th scope="col"><Text of={kind} /></th>
              {builds.map((build, i) => (
                <th scope="col" key={i}>
                  <a href={`/runs?rev=${encodeURIComponent(build.rev ?? '')}${(build.project ?? '') === '' ? '' : `&project=${encodeURIComponent(build.project ?? '')}`}`}>
                    <span class="mono">{visible(shortRev(build.rev ?? ''))}</span></a>
                  <span class="when"><Text of={build.ref} /> <Time micros={build.firstUnixMicros} relative /></span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, r) => (
              <tr key={row.name}>
                <th scope="row"><a href={kind === 'plan' ? `/plans/${encodeURIComponent(row.name ?? '')}` : kind === 'board' ? `/boards/${encodeURIComponent(row.name ?? '')}` : `/runs?profile=${encodeURIComponent(row.name ?? '')}`}><Text of={row.name} /></a></th>
                {builds.map((build, i) => {
                  const cell = row.cells?.[i]
                  const run = cell?.run ?? ''
                  if (!cell || run === '') return <td key={i}><span class="hidden">no run</span></td>
                  const word = verdictWord(cell.verdict, cell.state)
                  // Proto JSON leaves out 0: the newest build.
                  const bad = (row.firstBad ?? 0) === i && word === 'failed'
                  const says = visible(cellSentence(row, build, cell, bad))
                  const inside = <><span aria-hidden="true">{symbol(word)}{share(cell) === '' ? null : <small> {share(cell)}</small>}</span><span class="hidden">{says}</span></>
                  const own = {
                    'data-run': run, 'data-row': r, 'data-column': i, tabIndex: tabbed?.row === r && tabbed.column === i ? 0 : -1,
                    onFocus: () => setPlace({ row: r, column: i }),
                  }
                  return (
                    <td key={i} class={bad ? 'first-bad' : ''}>
                      {compares ? (
                        <button type="button" class={`cell badge ${word}`} aria-pressed={chosen.includes(run)} title={says} {...own}
                          onClick={() => setChosen(toggled(chosen, run))}>{inside}</button>
                      ) : <a class={`cell badge ${word}`} href={`/runs/${encodeURIComponent(run)}`} title={says} {...own}
                        onClick={(event) => {
                          if (!event.shiftKey) return
                          event.preventDefault()
                          setChosen(toggled(chosen, run))
                        }}>{inside}</a>}
                      {bad ? <span class="flag" aria-hidden="true">first bad</span> : null}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
