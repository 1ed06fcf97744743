// Search in a console: by assayd (or in a static report here), over all of it.
import { useEffect, useRef, useState } from 'preact/hooks'
import { number } from '../../data/format.ts'
import { searchLimit } from '../../data/regex_guard.ts'
import { useSource } from '../../shell/load.tsx'
import type { Wanted } from './find.ts'
import type { LineStore } from './lines.ts'

const typed = 150 // ms after the last key

export interface SearchHandle {
  focus: () => void
  next: (back: boolean, addressed: boolean) => void
}

export function Search({ handle, store, attempt, role, wanted, onWanted, go, leave }: {
  handle: { current: SearchHandle | null } // for keys pressed elsewhere
  store: LineStore
  attempt: string
  role: string
  wanted: Wanted
  onWanted: (wanted: Wanted) => void
  // Shows the next (or previous) match, and puts it in the address; which it was.
  go: (matches: readonly number[], back: boolean, addressed: boolean) => number | undefined
  leave: () => void // to the lines
}) {
  const source = useSource()
  const [text, setText] = useState('')
  const [found, setFound] = useState<{ lines: number[]; total: number } | undefined>()
  const [at, setAt] = useState<number>()
  const [problem, setProblem] = useState('')
  // While lines come in it is asked again when the reader goes on, not for each of them.
  const [turn, setTurn] = useState(0)
  const asked = useRef<number | undefined>(undefined)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const timer = setTimeout(() => { if (text !== wanted.text) onWanted({ ...wanted, text }) }, typed)
    return () => clearTimeout(timer)
  }, [text, wanted, onWanted])
  useEffect(() => {
    if (wanted.text === '') {
      setFound(undefined)
      setProblem('')
      return
    }
    const abort = new AbortController()
    asked.current = store.total
    source.search(attempt, role, { text: wanted.text, case: wanted.exact, regex: wanted.regex, limit: 10000 }, abort.signal).then(
      (answer) => {
        if (abort.signal.aborted) return
        setProblem('')
        setFound({ lines: (answer.lines ?? []).map(number), total: number(answer.total) })
      },
      (error: unknown) => {
        if (abort.signal.aborted) return
        setFound(undefined)
        setProblem(error instanceof Error ? error.message : String(error))
      })
    return () => abort.abort()
  }, [source, attempt, role, wanted, store, store.ended, turn])
  const next = (back: boolean, addressed = true) => {
    if (found) setAt(go(found.lines, back, addressed))
    if (store.total !== asked.current) setTurn((n) => n + 1)
  }
  handle.current = {
    focus: () => {
      field.current?.focus()
      field.current?.select()
    },
    next,
  }
  const place = found && at !== undefined ? found.lines.indexOf(at) + 1 : 0
  const limit = source.isStatic && wanted.regex && wanted.text !== '' ? searchLimit(wanted.text) : ''
  return (
    <span class="search" role="search">
      <input ref={field} type="search" value={text} placeholder="Search" aria-label="Search in the console" title="Enter: next match, Shift+Enter: previous, ↓: to the lines" maxLength={500}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault()
            next(event.shiftKey)
          }
          if (event.key === 'ArrowDown') {
            event.preventDefault()
            leave()
          }
          if (event.key === 'Escape') setText('')
        }} />
      <button type="button" aria-pressed={wanted.exact} title="Upper and lower case differ" aria-label="Match case"
        onClick={() => onWanted({ ...wanted, exact: !wanted.exact })}>Aa</button>
      <button type="button" aria-pressed={wanted.regex} title="Regular expression (RE2)" aria-label="Regular expression"
        onClick={() => onWanted({ ...wanted, regex: !wanted.regex })}>.*</button>
      {found && found.total > 0 ? (
        <><button type="button" onClick={() => next(true)} aria-label="Previous match">↑</button>
          <button type="button" onClick={() => next(false)} aria-label="Next match">↓</button></>
      ) : null}
      <span class={problem === '' ? 'faint' : 'problem'} role="status">
        {problem !== '' ? problem : !found ? '' : found.total === 0 ? 'no line' : `${place > 0 ? `${place} of ` : ''}${found.total.toLocaleString('en')}${found.total === 1 ? ' line' : ' lines'}`}
      </span>
      {limit === '' ? null : <span class="faint limit" role="note">{limit}</span>}
    </span>
  )
}
