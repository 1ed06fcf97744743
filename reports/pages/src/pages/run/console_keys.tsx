// What single keys do on the run page, and the words that say so.
import { moved } from './console_view.ts'

export type Key = 'search' | 'next' | 'previous' | 'follow' | 'line' | 'copy' | 'link'

// Anywhere on the page, unless they are switched off.
export function pageKey(event: KeyboardEvent): Key | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined
  switch (event.key) {
    case '/': return 'search'
    case 'n': return 'next'
    case 'N': return 'previous'
    case 'f': return 'follow'
    default: return undefined
  }
}

// In the console as well.
export function consoleKey(event: KeyboardEvent): Key | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined
  switch (event.key) {
    case 'g': return 'line'
    case 'c': return 'copy'
    default: return pageKey(event)
  }
}
export const movesCursor = (event: KeyboardEvent): boolean =>
  !event.ctrlKey && !event.metaKey && !event.altKey && moved(event.key, 0, 1, 1) !== undefined

export function KeysHelp({ follows, enabled, enable }: { follows: boolean; enabled: boolean; enable: (yes: boolean) => void }) {
  return (
    <div class="keys faint">
      <span>In the console: <kbd>↑</kbd> <kbd>↓</kbd> <kbd>Page</kbd> <kbd>Home</kbd> <kbd>End</kbd> move, with <kbd>Shift</kbd> they choose lines
        · <kbd>Enter</kbd> link · <kbd>c</kbd> copy · <kbd>g</kbd> go to a line.</span>
      {' '}<span>{enabled ? 'Anywhere' : 'There too'}: <kbd>/</kbd> search · <kbd>n</kbd> <kbd>N</kbd> next, previous match{follows ? <> · <kbd>f</kbd> follow</> : null}</span>
      {' '}<label><input type="checkbox" checked={enabled} onChange={(event) => enable(event.currentTarget.checked)} /> single keys everywhere</label>
    </div>
  )
}
