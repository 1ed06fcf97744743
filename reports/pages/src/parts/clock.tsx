// One timer for everything on the page that counts seconds.
import { useEffect, useState } from 'preact/hooks'
import { ago, duration, number, time } from '../data/format.ts'

const readers = new Set<(now: number) => void>()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(reader: (now: number) => void): () => void {
  readers.add(reader)
  timer ??= setInterval(() => {
    const now = Date.now()
    for (const each of readers) each(now)
  }, 1000)
  return () => {
    readers.delete(reader)
    if (readers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

// Milliseconds since 1970; with `still` the clock stands.
export function useNow(still = false): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => (still ? undefined : subscribe(setNow)), [still])
  return now
}

// How long it has been since `from`. `ahead`: how many ms assayd's clock is ahead of
// ours. `until` (ms) stops it: what is not known to go on does not count on.
export function Elapsed({ from, ahead = 0, until }: { from: string | undefined; ahead?: number; until?: number | undefined }) {
  const now = useNow(until !== undefined)
  const start = number(from)
  if (start === 0) return <span class="faint">–</span>
  const s = Math.max(0, ((until ?? now) + ahead - start / 1000) / 1000)
  return <span class="took" role="timer" aria-live="off">{duration(s < 60 ? Math.floor(s) : s).replace(/\.0+ s$/, ' s').replace(/^0 ms$/, '0 s')}</span>
}

// "29 min 12 s left" of what ends at `micros`.
export function Left({ micros, ahead = 0 }: { micros: string | undefined; ahead?: number }) {
  const now = useNow()
  const at = time(micros)
  if (!at) return null
  const s = Math.max(0, (number(micros) / 1000 - now - ahead) / 1000)
  return <time class="left" dateTime={at.iso} title={`until ${at.text} · ${at.utc}`}>{s === 0 ? 'over' : `${duration(s < 60 ? Math.ceil(s) : s).replace(/\.0+ s$/, ' s')} left`}</time>
}

// "2 min ago", and keeps being right.
export function Ago({ micros, ahead = 0 }: { micros: string | undefined; ahead?: number }) {
  const now = useNow()
  const at = time(micros)
  if (!at) return <span class="faint">–</span>
  return <time dateTime={at.iso} title={`${at.text} · ${at.utc}`}>{ago(micros, now + ahead)}</time>
}
