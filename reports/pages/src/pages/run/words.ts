// Sentences of the run page. Pure.
import { bytes, duration, seconds, stepWord, tookOf, verdictWord } from '../../data/format.ts'
import { shortRev } from '../../parts/rev.tsx'
import type { FindingJson } from '../../proto/assay/v1/event_pb.ts'
import type { AttemptJson, RunJson, StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import type { MarkJson } from '../../proto/assay/v1/web_pb.ts'

export const plural = (n: number, one: string, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`

// A person's, that no agent carries out.
export const isLease = (run: RunJson): boolean => (run.person ?? '') !== ''

// The verdict in one sentence.
export function verdictSentence(run: RunJson): string {
  const jobs = run.jobs ?? []
  const count = plural(jobs.length, 'job')
  const plan = run.plan ?? 'the run'
  const on = run.rev === undefined || run.rev === '' ? '' : ` on ${shortRev(run.rev)}`
  const word = verdictWord(run.verdict, run.state)
  if (isLease(run)) {
    const board = jobs[0]?.attempts?.flatMap((one) => Object.values(one.boards ?? {}))[0]
    if (word === 'queued') return `${run.person ?? ''} waits for a board`
    return word === 'running' ? `${run.person ?? ''} has ${board === undefined ? 'a board' : `board ${board}`}` : run.sentence ?? ''
  }
  if (word === 'running') {
    const ended = jobs.filter((job) => job.state === 'RUN_STATE_ENDED').length
    return jobs.length > 1 ? `${plan}${on} runs: ${ended} of ${count} ended` : `${plan}${on} runs`
  }
  if (word === 'queued') return `${plan}${on} waits`
  if (word !== 'passed') return run.sentence ?? `${plan}${on}: ${word}`
  const s = tookOf(run)
  const retried = jobs.filter((job) => (job.attempts?.length ?? 0) > 1).length
  return `${plan} passed${on}: ${count}${s === undefined ? '' : ` in ${duration(s)}`}${retried > 0 ? `, ${retried} after another attempt` : ''}`
}

// "attempt 1 lab-error: the probe is gone; attempt 2 passed"
export const attemptsSentence = (attempts: readonly AttemptJson[]): string =>
  attempts.map((attempt, i) => {
    const sentence = attempt.sentence ?? ''
    const word = verdictWord(attempt.verdict, attempt.state)
    return `attempt ${i + 1} ${word}${sentence === '' || word === 'passed' ? '' : `: ${sentence}`}`
  }).join('; ')

export const stepName = (step: StepResultJson) => `step ${(step.index ?? 0) + 1}`
export function stepSentence(step: StepResultJson): string {
  const word = stepWord(step.state)
  const long = word === 'running' ? 'running' : word === 'skipped' ? 'skipped' : `${word} after ${duration(seconds(step.took))}`
  return `${stepName(step)} ${step.text ?? ''}: ${long}, from ${duration(seconds(step.startedAt))}`
}

// The first words of it, in `most` characters; at least one word. What is seen of a button
// must be words of its name.
export function wholeWords(text: string, most: number): string {
  const words = text.split(' ')
  while (words.length > 1 && words.join(' ').length > most) words.pop()
  return words.join(' ')
}

export const says: Record<NonNullable<FindingJson['says']>, { symbol: string; text: string; word: string }> = {
  SAYS_UNSPECIFIED: { symbol: '?', text: 'cannot tell', word: 'queued' },
  SAYS_AGREES: { symbol: '✓', text: 'agrees', word: 'passed' },
  SAYS_DISAGREES: { symbol: '✗', text: 'disagrees', word: 'failed' },
  SAYS_CANNOT_TELL: { symbol: '?', text: 'cannot tell', word: 'queued' },
}

export function markText(mark: MarkJson): string {
  const role = mark.role === undefined || mark.role === '' ? '' : ` of ${mark.role}`
  const seen = mark.verified === true ? ', read back' : ', not verified'
  switch (mark.kind) {
    case 'KIND_POWER_ON': return `▲ power${role} on${seen}`
    case 'KIND_POWER_OFF': return `▼ power${role} off${seen}`
    case 'KIND_RESET': return `↻ reset${role}`
    case 'KIND_NOTE': return `✎ ${mark.text ?? ''}`
    case 'KIND_MEASUREMENT': return `◆ ${mark.text ?? ''} ${String(mark.value ?? 0)} ${mark.unit ?? ''}`.trimEnd()
    case 'KIND_PROGRESS': {
      const size = (n: MarkJson['value']) => (mark.unit === 'bytes' ? bytes(Number(n ?? 0)) : String(n ?? 0))
      const doing = mark.text === undefined || mark.text === '' ? '' : `${mark.text}: `
      return `${doing}${size(mark.value)} of ${size(mark.total)}`
    }
    default: return mark.text ?? ''
  }
}

// Seconds on a console's rows: always as wide as its neighbours.
export const stamp = (s: number): string => s.toFixed(3)
