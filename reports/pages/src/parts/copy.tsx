import { useState } from 'preact/hooks'
import { visible } from '../data/visible.ts'

// A command to copy. Where a page may not write the clipboard (a file, a plain
// address that is not loopback) it is selected instead.
export function Command({ text }: { text: string }) {
  const [said, setSaid] = useState('')
  const copy = async (place: HTMLElement | null) => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('copied')
    } catch {
      const code = place?.parentElement?.querySelector('code')
      if (code) getSelection()?.selectAllChildren(code)
      setSaid('selected: copy it with the keyboard')
    }
  }
  return (
    <span class="command">
      <code>{visible(text)}</code>
      <button type="button" aria-label={visible(`Copy: ${text}`)} onClick={(event) => void copy(event.currentTarget)}>Copy</button>
      <span class="faint" role="status">{said}</span>
    </span>
  )
}

// For a POSIX shell.
export const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
