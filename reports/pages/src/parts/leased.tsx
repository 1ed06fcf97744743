// Which person has leased a board, and for how much longer.
import type { BoardJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { Left } from './clock.tsx'
import { Text } from './text.tsx'

export function LeasedBy({ board, ahead = 0 }: { board: BoardJson; ahead?: number }) {
  const lease = board.lease ?? ''
  if (lease === '') return null
  return (
    <span class="leased-by">
      <a href={`/runs/${encodeURIComponent(lease)}`} aria-label={`leased by ${board.person ?? ''}`}><Text of={board.person} /></a>
      {' '}<span class="faint"><Left micros={board.leaseUntilUnixMicros} ahead={ahead} /></span>
    </span>
  )
}
