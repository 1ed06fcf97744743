import { symbol, verdictWord, type Word } from '../data/format.ts'
import type { VerdictJson } from '../proto/assay/v1/event_pb.ts'
import type { RunStateJson } from '../proto/assay/v1/orchestrator_pb.ts'

// Never colour alone: a symbol and the word.
export function Badge({ word, short = false }: { word: Word; short?: boolean }) {
  return (
    <span class={`badge ${word}`} {...(short ? { role: 'img', 'aria-label': word, title: word } : {})}>
      <span aria-hidden="true">{symbol(word)}</span>{short ? null : ` ${word}`}
    </span>
  )
}
export function Verdict({ of, short = false }: {
  of: { verdict?: VerdictJson; state?: RunStateJson }
  short?: boolean
}) {
  return <Badge word={verdictWord(of.verdict, of.state)} short={short} />
}
