// The console of one role: rows of one height, of which only those in view exist.
import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks'
import { bytes, seconds } from '../../data/format.ts'
import { visible } from '../../data/visible.ts'
import type { StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import type { MarkJson } from '../../proto/assay/v1/web_pb.ts'
import { useSource } from '../../shell/load.tsx'
import { usePrinting } from '../../shell/printing.ts'
import { isTyping, useSingleKeys } from '../row_keys.ts'
import { plain } from './ansi.ts'
import { hashOf, type Lines } from './choice.ts'
import { consoleKey, KeysHelp, movesCursor, pageKey, type Key } from './console_keys.tsx'
import { LineRow, MarkRow } from './console_rows.tsx'
import { between, moved, nextMatch, printed } from './console_view.ts'
import { finder, type Wanted } from './find.ts'
import type { LineStore } from './lines.ts'
import { powerOnBefore, rowHeight, rowMarks, Rows, type RowMark } from './rows.ts'
import { Search, type SearchHandle } from './search.tsx'
import { useView } from './view.ts'
import { plural, stamp } from './words.ts'

// Where the keyboard is, and where a selection with Shift began; `said`: read it out.
interface Cursor {
  line: number
  anchor: number
  said: boolean
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
  const [wrap, setWrap] = useState(false)
  const { box, body, view, top, size, first, last, shift, move, reveal, page, follow, setFollow, scrolled } = useView(rows, follows, wrap)
  const [wanted, setWanted] = useState<Wanted>({ text: '', exact: false, regex: false })
  const find = useMemo(() => finder(wanted), [wanted])
  const search = useRef<SearchHandle>(null)
  const [cursor, setCursor] = useState<Cursor>()
  const [told, setTold] = useState('')

  // To the line of the address, once it is known how many there are.
  const known = store.total !== undefined
  const went = useRef('')
  const goes = useCallback((lines: Lines) => `${turn} ${lines.from}`, [turn])
  useLayoutEffect(() => {
    if (!known || at?.role !== role || went.current === goes(at)) return
    went.current = goes(at)
    setFollow(false)
    setCursor({ line: at.from, anchor: at.from, said: false })
    move(rows.of(at.from) - Math.floor(view / rowHeight / 3), true)
  }, [at, goes, role, known, rows, move, view, setFollow])

  const from = rows.at(first).line
  const to = last > first ? rows.at(last - 1).line + 1 : from
  const paper = printed(at?.role === role ? at : undefined, total)
  const printing = usePrinting()
  useEffect(() => {
    if (!known) return
    store.want(from, to)
    store.want(paper.from, paper.to) // paper does not wait for it
  })

  const picked = cursor && cursor.anchor !== cursor.line ? between(role, cursor.anchor, cursor.line) : undefined
  const chosen = picked ?? (at?.role === role && at.to >= at.from && at.from < total ? at : undefined)
  const address = (lines: Lines) => {
    went.current = goes(lines)
    onLines(lines)
  }
  const put = (line: number, anchor: number, said: boolean) => {
    setCursor({ line, anchor, said })
    setFollow(false)
    reveal(rows.of(line))
  }
  const pick = (line: number, grow: boolean) => {
    const anchor = grow ? cursor?.anchor ?? chosen?.from ?? line : line
    setCursor({ line, anchor, said: false })
    setFollow(false)
    address(between(role, anchor, line))
  }
  // A third from the top, as a line of an address is.
  const goTo = (line: number, addressed = true) => {
    setCursor({ line, anchor: line, said: true })
    setFollow(false)
    if (wrap) reveal(rows.of(line))
    else move(rows.of(line) - Math.floor(view / rowHeight / 3), true)
    if (addressed) address({ role, from: line, to: line })
  }
  const match = (matches: readonly number[], back: boolean, addressed = true) => {
    const next = nextMatch(matches, cursor?.line ?? chosen?.from ?? -1, back)
    if (next !== undefined) goTo(next, addressed)
    return next
  }
  const copy = async () => {
    const lines = chosen ?? (cursor && { role, from: cursor.line, to: cursor.line })
    if (!lines) return
    const text: string[] = []
    const end = Math.min(lines.to, lines.from + 9999, total - 1)
    try {
      // Lines that are not in view may not be here.
      for (let n = lines.from; n <= end;) {
        const here = store.line(n)
        const more = here ? [here] : (await source.lines(attempt, role, n, Math.min(500, end - n + 1))).lines ?? []
        if (more.length === 0) {
          setTold(`line ${n + 1} is not to be had: nothing copied`)
          return
        }
        text.push(...more.map((one) => plain(one.text ?? '')))
        n += more.length
      }
      await navigator.clipboard.writeText(text.join('\n') + '\n')
      setTold(`${plural(text.length, 'line')} copied`)
    } catch {
      setTold('the browser does not let this page copy')
    }
  }
  // Into the address, and to paste elsewhere.
  const link = async () => {
    const lines = picked ?? (cursor && { role, from: cursor.line, to: cursor.line })
    if (!lines) return
    address(lines)
    const what = lines.to > lines.from ? `lines ${lines.from + 1} to ${lines.to + 1}` : `line ${lines.from + 1}`
    try {
      await navigator.clipboard.writeText(new URL(`#${hashOf(lines)}`, location.href).href)
      setTold(`link to ${what} copied`)
    } catch {
      setTold(`the address names ${what}`)
    }
  }
  const ask = () => {
    const text = prompt(`Go to line, 1 to ${total}`)
    if (text !== null && /^\d+$/.test(text) && total > 0) goTo(Math.max(0, Math.min(total, Number(text)) - 1))
  }
  // Whether it was a key of ours.
  const act = (key: Key | undefined, repeated: boolean): boolean => {
    switch (key) {
      case 'search': search.current?.focus(); return true
      // Held down it would fill the history of addresses faster than browsers allow.
      case 'next': search.current?.next(false, !repeated); return true
      case 'previous': search.current?.next(true, !repeated); return true
      case 'follow': if (follows) setFollow(!follow); return follows
      case 'line': ask(); return true
      case 'copy': void copy(); return true
      default: return false
    }
  }
  const moveCursor = (event: KeyboardEvent) => {
    if (total === 0) return
    // From where it is; the first time, from the first line in view or the end that is followed.
    const begin = follow ? total - 1 : Math.min(total - 1, rows.at(Math.min(rows.count - 1, Math.ceil(top))).line)
    const line = !cursor && !['Home', 'End'].includes(event.key) ? begin : moved(event.key, cursor?.line ?? 0, page(), total) ?? 0
    put(line, event.shiftKey ? cursor?.anchor ?? line : line, true)
    if (event.key === 'End') setFollow(follows)
  }
  const key = (event: KeyboardEvent) => {
    if (isTyping(event.target)) return
    if (event.target === box.current && movesCursor(event)) moveCursor(event)
    else if (event.target === box.current && event.key === 'Enter') void link()
    else if (!act(consoleKey(event), event.repeat)) return
    event.preventDefault()
  }
  const latest = useRef(act)
  latest.current = act
  const single = useSingleKeys(useCallback((event: KeyboardEvent) => {
    if (!event.defaultPrevented && !isTyping(event.target) && latest.current(pageKey(event), event.repeat)) event.preventDefault()
  }, []))

  const url = source.consoleUrl(attempt, role)
  const shown = []
  for (let row = first; row < last; ++row) {
    const { line, mark } = rows.at(row)
    shown.push(mark ? <MarkRow key={row} mark={mark} steps={steps} /> : (
      <LineRow key={row} role={role} line={line} what={store.line(line)} power={powerOnBefore(own, line)} find={find}
        chosen={chosen !== undefined && line >= chosen.from && line <= chosen.to} cursor={cursor?.line === line}
        missing={store.problem === '' ? '…' : 'not here'} onPick={pick} />))
  }
  const here = cursor && store.line(cursor.line)
  const words = !cursor?.said ? '' : `${picked ? `${plural(picked.to - picked.from + 1, 'line')} chosen; ` : ''}line ${cursor.line + 1}${
    here ? `, ${stamp(seconds(here.at))} s: ${visible(plain(here.text ?? ''))}` : ''}`
  return (
    <div class="console" onKeyDown={key}>
      <div class="console-bar">
        <Search handle={search} store={store} attempt={attempt} role={role} wanted={wanted} onWanted={setWanted} go={match} leave={() => box.current?.focus()} />
        <button type="button" onClick={ask} disabled={total === 0}>Line…</button>
        <button type="button" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>Wrap</button>
        {follows ? <button type="button" aria-pressed={follow} onClick={() => setFollow(!follow)}>Follow</button> : null}
        {chosen ? <button type="button" onClick={() => void copy()}>Copy {chosen.to > chosen.from ? 'lines' : 'line'}</button> : null}
        {url === undefined ? null : <a class="download" href={url} download={`${attempt}-${role}.log`}>Download</a>}
        <span class="faint" role="status">{told}</span>
        <span class="faint count">{plural(total, 'line')}, {bytes(store.bytes)}</span>
      </div>
      {store.cut === '' ? null : <p class="cut">{visible(store.cut)}</p>}
      {store.problem === '' ? null : <p class="cut" role="alert">{visible(store.problem)} <button type="button" onClick={() => store.retry()}>Try again</button></p>}
      <div ref={box} class={`lines${wrap ? ' wraps' : ''}`} tabIndex={0} role="region" onScroll={scrolled}
        aria-label={`Console of ${visible(role)}: arrows, Page, Home and End move through the lines, Enter makes a link`}>
        {total === 0 && own.length === 0 ? <p class="nothing">{known ? (follows ? 'Nothing was said yet.' : 'The board said nothing.') : 'Loading the console…'}</p> : null}
        <div class="height" style={{ height: `${size.height}px` }}>
          <div ref={body} class="rows" {...(shift === undefined ? {} : { style: { transform: `translateY(${shift}px)` } })}>{shown}</div>
        </div>
      </div>
      <p class="hidden" role="status">{words}</p>
      {printing ? (
        <div class="on-paper">
          <p>{paper.to - paper.from < paper.of ? `The last ${paper.to - paper.from} of ${plural(paper.of, 'line')}:` : `${plural(paper.of, 'line')}:`}</p>
          <pre>{Array.from({ length: paper.to - paper.from }, (_, i) =>
            `${paper.from + i + 1}  ${visible(plain(store.line(paper.from + i)?.text ?? '(not here)'))}`).join('\n')}</pre>
        </div>
      ) : null}
      <KeysHelp follows={follows} {...single} />
    </div>
  )
}
