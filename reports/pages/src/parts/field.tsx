// Filters that live in the address. What is typed goes there after a short rest, and
// replaces the history's newest entry.
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { visible } from '../data/visible.ts'

const rest = 250 // ms

export function TextField({ label, value, set, options, id, hint, rare = false }: {
  label: string
  value: string // as the address has it
  set: (text: string) => void
  options?: readonly string[]
  id?: string
  hint?: string
  rare?: boolean // may be folded away where it is narrow, while it is empty
}): JSX.Element {
  const [text, setText] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>()
  const given = useRef(value)
  useEffect(() => {
    // Not ours: back in the history, or "clear". What we gave ourselves must not undo
    // what has been typed since.
    if (value !== given.current) setText(value)
    given.current = value
  }, [value])
  useEffect(() => () => clearTimeout(timer.current), [])
  const give = (now: string) => {
    clearTimeout(timer.current)
    given.current = now.trim()
    set(given.current)
  }
  const list = options === undefined || options.length === 0 ? undefined : `options-${label.replaceAll(/\W+/g, '-')}`
  return (
    <label class={rare && value === '' ? 'rare' : ''}>
      {label}
      <input type="search" autocomplete="off" spellcheck={false} maxLength={200} value={text} id={id} list={list} placeholder={hint}
        onInput={(event) => {
          const now = event.currentTarget.value
          setText(now)
          clearTimeout(timer.current)
          timer.current = setTimeout(() => give(now), rest)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') give(event.currentTarget.value)
        }} />
      {list === undefined ? null : <datalist id={list}>{options?.map((option) => <option key={option} value={option} />)}</datalist>}
    </label>
  )
}

export function ChoiceField({ label, value, set, options, any = 'any' }: {
  label: string
  value: string
  set: (text: string) => void
  options: readonly string[]
  any?: string | null // null: one of the options, always
}): JSX.Element {
  // An address may say what is no option: it stays visible, assayd explains.
  const all = value === '' || options.includes(value) ? options : [...options, value]
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => set(event.currentTarget.value)}>
        {any === null ? null : <option value="">{any}</option>}
        {all.map((option) => <option key={option} value={option}>{visible(option)}</option>)}
      </select>
    </label>
  )
}
