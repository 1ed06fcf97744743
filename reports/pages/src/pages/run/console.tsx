// The console of one role: rows of one height, of which only those in view exist.
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
import { bytes, seconds } from '../../data/format.ts'
import { visible } from '../../data/visible.ts'
import type { StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import type { MarkJson } from '../../proto/assay/v1/web_pb.ts'
import { useSource } from '../../shell/load.tsx'
import { plain } from './ansi.ts'
import { hashOf, type Lines } from './choice.ts'
import { moved, nextMatch, selected } from './console_view.ts'
import { finder, type Wanted } from './find.ts'
import { Line } from './line.tsx'
import type { LineStore } from './lines.ts'
import { powerOnBefore, rowHeight, rowMarks, Rows, scale, type RowMark } from './rows.ts'
import { Search } from './search.tsx'
import { markText, plural, stamp } from './words.ts'

const spare = 20 // rows above and below the view

// Rows in view and the way to move them. Follows the end until somebody scrolls up.
function useView(rows: Rows, follows: boolean) {
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState(480)
  const [top, setTop] = useState(0)
  const [follow, setFollow] = useState(follows)
  const ours = useRef(-1) // where we scrolled to: no word of the reader's
  const size = useMemo(() => scale(rows.count, view), [rows.count, view])
  const move = useCallback((row: number, stay = false) => {
    const to = Math.max(0, Math.min(size.last, row))
    if (!stay) setFollow(to >= size.last - 0.5 && follows)
    setTop(to)
    if (box.current) {
      box.current.scrollTop = size.toScroll(to)
      ours.current = box.current.scrollTop
    }
  }, [size, follows])
  useLayoutEffect(() => {
    if (follow) move(size.last, true)
  }, [follow, move, size.last])
  useEffect(() => {
    const element = box.current
    if (!element) return
    setView(element.clientHeight || 480)
    if (typeof ResizeObserver === 'undefined') return
    const watch = new ResizeObserver(() => setView(element.clientHeight || 480))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  const scrolled = () => {
    const at = box.current?.scrollTop ?? 0
    if (Math.abs(at - ours.current) < 1) return
    ours.current = -1
    const to = size.toTop(at)
    setTop(to)
    setFollow(follows && to >= size.last - 0.5)
  }
  return { box, view, top, size, move, follow, setFollow, scrolled }
}

function MarkRow({ mark, steps }: { mark: MarkJson; steps: readonly StepResultJson[] }) {
  const step = mark.step ?? 0
  const words = mark.kind === 'KIND_STEP' ? `── step ${step + 1} ${steps.find((one) => (one.index ?? 0) === step)?.text ?? ''}` : markText(mark)
  return <><span class="at">{stamp(seconds(mark.at))}</span><span class="what">{visible(words)}</span></>
}

export function Console({ attempt, role, store, marks, steps, at, turn, onLines, follows }: {
  attempt: string
  role: string
  store: LineStore
  marks: readonly MarkJson[]
  steps: readonly StepResultJson[]
  // What is looked at: the view goes there when its first line or the turn is another.
  at: Lines | undefined
  turn: number
  onLines: (lines: Lines) => void
  follows: boolean // more may come
}) {
  const source = useSource()
  const [, changed] = useReducer((n: number) => n + 1, 0)
  useEffect(() => {
    const stop = store.subscribe(() => changed(undefined))
    store.begin(at?.role === role ? Math.max(0, at.from - 50) : follows ? -200 : 0)
    changed(undefined)
    return stop
    // eslint-disable-next-line react-hooks/exhaustive-deps -- where it begins is asked once
  }, [store])
  const total = store.total ?? 0
  const own: RowMark[] = useMemo(() => rowMarks(marks, role), [marks, role])
  const rows = useMemo(() => new Rows(total, own), [total, own])
  const { box, view, top, size, move, follow, setFollow, scrolled } = useView(rows, follows)
  const [wanted, setWanted] = useState<Wanted>({ text: '', exact: false, regex: false })
  const [wrap, setWrap] = useState(false)
  const find = useMemo(() => finder(wanted), [wanted])
  const [copied, setCopied] = useState('')

  // To the line of the address, once it is known how many there are.
  const known = store.total !== undefined
  const went = useRef('')
  const goes = useCallback((lines: Lines) => `${turn} ${lines.from}`, [turn])
  useLayoutEffect(() => {
    if (!known || at?.role !== role || went.current === goes(at)) return
    went.current = goes(at)
    setFollow(false)
    move(rows.of(at.from) - Math.floor(view / rowHeight / 3))
  }, [at, goes, role, known, rows, move, view, setFollow])

  const first = Math.max(0, Math.floor(top) - (wrap ? 0 : spare))
  const last = Math.min(rows.count, Math.ceil(top + view / rowHeight) + spare)
  const from = rows.at(first).line
  const to = last > first ? rows.at(last - 1).line + 1 : from
  useEffect(() => {
    if (known) store.want(from, to)
  })

  const pick = (line: number, grow: boolean) => {
    const lines = selected(at, role, line, grow)
    went.current = goes(lines)
    onLines(lines)
  }
  const goTo = (line: number) => onLines({ role, from: line, to: line })
  const copy = async () => {
    const lines = at?.role === role ? at : undefined
    if (!lines) return
    const text: string[] = []
    const end = Math.min(lines.to, lines.from + 9999, total - 1)
    try {
      // Lines that are not in view may not be here.
      for (let n = lines.from; n <= end;) {
        const here = store.line(n)
        const more = here ? [here] : (await source.lines(attempt, role, n, Math.min(500, end - n + 1))).lines ?? []
        if (more.length === 0) {
          setCopied(`line ${n + 1} is not to be had: nothing copied`)
          return
        }
        text.push(...more.map((one) => plain(one.text ?? '')))
        n += more.length
      }
      await navigator.clipboard.writeText(text.join('\n') + '\n')
      setCopied(`${plural(text.length, 'line')} copied`)
    } catch {
      setCopied('the browser does not let this page copy')
    }
  }
  const ask = () => {
    const text = prompt(`Go to line, 1 to ${total}`)
    if (text !== null && /^\d+$/.test(text)) goTo(Math.max(0, Math.min(total, Number(text)) - 1))
  }
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target as Element).closest('input')) return
    const row = moved(event.key, Math.floor(top), Math.floor(view / rowHeight), size.last)
    if (row !== undefined && event.target === box.current) move(row)
    else if (event.key === 'g') ask()
    else if (event.key === 'f' && follows) setFollow(true)
    else if (event.key === 'c' && at?.role === role) void copy()
    else if (event.key === '/') box.current?.closest('.console')?.querySelector<HTMLElement>('input[type=search]')?.focus()
    else return
    event.preventDefault()
  }

  const url = source.consoleUrl(attempt, role)
  const shown = []
  for (let row = first; row < last; ++row) {
    const { line, mark } = rows.at(row)
    if (mark) {
      shown.push(<div key={row} class={`row mark ${mark.kind === 'KIND_STEP' ? 'step-mark' : 'edge'}`}><MarkRow mark={mark} steps={steps} /></div>)
      continue
    }
    const what = store.line(line)
    const chosen = at?.role === role && line >= at.from && line <= at.to
    const time = seconds(what?.at)
    const power = what && powerOnBefore(own, line)
    shown.push(
      <div key={row} class={`row${chosen ? ' chosen' : ''}`} {...(chosen ? { 'aria-current': 'true' as const } : {})}>
        <a class="no" href={`#${hashOf({ role, from: line, to: line })}`} aria-label={`Line ${line + 1}`} tabIndex={chosen ? 0 : -1}
          onClick={(event) => {
            event.preventDefault()
            pick(line, event.shiftKey)
          }}>{line + 1}</a>
        <span class="at" title={power === undefined ? 'since the attempt began' : `since the attempt began; ${stamp(time - power)} s since power-on`}>
          {what ? stamp(time) : ''}</span>
        <span class="on">{power === undefined ? '' : `+${stamp(Math.max(0, time - power))}`}</span>
        <span class="text">{what ? <Line text={what.text ?? ''} find={find} /> : <span class="faint">{store.problem === '' ? '…' : 'not here'}</span>}</span>
      </div>)
  }
  return (
    <div class="console" onKeyDown={key}>
      <div class="console-bar">
        <Search store={store} attempt={attempt} role={role} wanted={wanted} onWanted={setWanted}
          go={(matches, back) => {
            const next = nextMatch(matches, at?.role === role ? at.from : -1, back)
            if (next !== undefined) goTo(next)
            return next
          }} />
        <button type="button" onClick={ask} disabled={total === 0}>Line…</button>
        <button type="button" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>Wrap</button>
        {follows ? <button type="button" aria-pressed={follow} onClick={() => setFollow(!follow)}>Follow</button> : null}
        {at?.role === role && at.to >= at.from ? <button type="button" onClick={() => void copy()}>Copy {at.to > at.from ? 'lines' : 'line'}</button> : null}
        {url === undefined ? null : <a class="download" href={url} download={`${attempt}-${role}.log`}>Download</a>}
        <span class="faint" role="status">{copied}</span>
        <span class="faint count">{plural(total, 'line')}, {bytes(store.bytes)}</span>
      </div>
      {store.cut === '' ? null : <p class="cut">{visible(store.cut)}</p>}
      {store.problem === '' ? null : <p class="cut" role="alert">{visible(store.problem)} <button type="button" onClick={() => store.retry()}>Try again</button></p>}
      <div ref={box} class={`lines${wrap ? ' wraps' : ''}`} tabIndex={0} role="region" onScroll={scrolled}
        aria-label={`Console of ${visible(role)}: arrows and Page keys move, / searches, g goes to a line, c copies`}>
        {total === 0 && own.length === 0 ? <p class="nothing">{known ? (follows ? 'Nothing was said yet.' : 'The board said nothing.') : 'Loading the console…'}</p> : null}
        <div class="height" style={{ height: `${size.height}px` }}>
          <div class="rows" style={{ transform: `translateY(${Math.max(0, size.scaled ? size.toScroll(top) - (top - first) * rowHeight : first * rowHeight)}px)` }}>{shown}</div>
        </div>
      </div>
    </div>
  )
}
