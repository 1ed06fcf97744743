// Moving along a list by single keys. They can be switched off (WCAG 2.1.4): speech
// input and slips of a hand press them as well.
import { useCallback, useEffect, useState } from 'preact/hooks'

export type Move = 'next' | 'previous' | 'choose' | 'filter' | 'help'

// What a key means where it was pressed. Arrows count only inside the list: elsewhere
// they scroll.
export function moveOf(event: { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean }, typing: boolean, inList: boolean): Move | undefined {
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return undefined
  switch (event.key) {
    case 'j': return 'next'
    case 'k': return 'previous'
    case 'ArrowDown': return inList ? 'next' : undefined
    case 'ArrowUp': return inList ? 'previous' : undefined
    case 'x': return 'choose'
    case '/': return 'filter'
    case '?': return 'help'
    default: return undefined
  }
}
// The place after a move; from nowhere (-1) one comes to the first row.
export const moved = (at: number, by: 1 | -1, rows: number): number =>
  at < 0 ? 0 : Math.max(0, Math.min(rows - 1, at + by))

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type)
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable
}

const setting = 'single-keys'
function stored(): boolean {
  try {
    return localStorage.getItem(setting) !== 'off'
  } catch {
    return true
  }
}

// `press` is called for keys pressed anywhere, unless they are switched off.
export function useSingleKeys(press: (event: KeyboardEvent) => void): { enabled: boolean; enable: (yes: boolean) => void } {
  const [enabled, setEnabled] = useState(stored)
  useEffect(() => {
    if (!enabled) return undefined
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [enabled, press])
  const enable = (yes: boolean) => {
    setEnabled(yes)
    try {
      localStorage.setItem(setting, yes ? 'on' : 'off')
    } catch {
      // Then it holds until the page is left.
    }
  }
  return { enabled, enable }
}

// `on` is called for each move, with whether it was made inside `list`.
export function useKeys(list: { current: HTMLElement | null }, on: (move: Move) => void): { enabled: boolean; enable: (yes: boolean) => void } {
  return useSingleKeys(useCallback((event: KeyboardEvent) => {
    const inList = event.target instanceof Node && list.current?.contains(event.target) === true
    const move = event.defaultPrevented ? undefined : moveOf(event, isTyping(event.target), inList)
    if (move === undefined) return
    event.preventDefault()
    on(move)
  }, [list, on]))
}
