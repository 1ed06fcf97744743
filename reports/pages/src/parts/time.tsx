import { ago, duration, time } from '../data/format.ts'

// In the reader's zone; UTC on hover.
export function Time({ micros, relative = false }: { micros: string | undefined; relative?: boolean }) {
  const at = time(micros)
  if (!at) return <span class="faint">–</span>
  return <time dateTime={at.iso} title={`${at.text} · ${at.utc}`}>{relative ? ago(micros, Date.now()) : at.text}</time>
}
export const Took = ({ seconds }: { seconds: number }) => <span class="took">{duration(seconds)}</span>
