import { duration, number, seconds, tookOf, verdictWord } from '../../data/format.ts'
import type { LiveState } from '../../data/source.ts'
import { Left } from '../../parts/clock.tsx'
import { Text } from '../../parts/text.tsx'
import { Time } from '../../parts/time.tsx'
import { Verdict } from '../../parts/verdict.tsx'
import type { RunJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import { LiveBadge } from '../../shell/load.tsx'
import { PageLink } from './page_link.tsx'
import { verdictSentence } from './words.ts'

export function Header({ run, live }: { run: RunJson; live: LiveState | undefined }) {
  const s = tookOf(run, run.state === 'RUN_STATE_RUNNING' ? Date.now() : 0)
  const facts: [string, preact.ComponentChildren][] = []
  if (run.plan) facts.push(['plan', <PageLink to={`/plans/${encodeURIComponent(run.plan)}`}><Text of={run.plan} /></PageLink>])
  if (run.project) facts.push(['project', <PageLink to={`/runs?project=${encodeURIComponent(run.project)}`}><Text of={run.project} /></PageLink>])
  if (run.rev) facts.push(['revision', <PageLink to={`/runs?rev=${encodeURIComponent(run.rev)}`}><Text of={run.rev} mono /></PageLink>])
  if (run.ref) facts.push(['ref', <PageLink to={`/runs?ref=${encodeURIComponent(run.ref)}`}><Text of={run.ref} /></PageLink>])
  if (run.priority) facts.push(['priority', run.priority])
  if (run.person) facts.push(['leased by', <Text of={run.person} />])
  if (run.leaseFor) facts.push(['for', duration(seconds(run.leaseFor))])
  if (number(run.leaseUntilUnixMicros) > 0) {
    facts.push(['until', <><Time micros={run.leaseUntilUnixMicros} />{run.state === 'RUN_STATE_RUNNING' ? <>, <Left micros={run.leaseUntilUnixMicros} /></> : null}</>])
  }
  if (run.lease) facts.push(['under the lease', <PageLink to={`/runs/${encodeURIComponent(run.lease)}`}>{run.lease}</PageLink>])
  facts.push(['submitted', <Time micros={run.submittedUnixMicros} />])
  if (run.startedUnixMicros) facts.push(['started', <Time micros={run.startedUnixMicros} />])
  if (s !== undefined) facts.push([run.state === 'RUN_STATE_ENDED' ? 'took' : 'runs for', duration(s)])
  return (
    <header class={`run-head head-${verdictWord(run.verdict, run.state)}`}>
      <p class="run-id"><span class="mono">{run.id}</span> <Verdict of={run} />
        {live === undefined ? null : <> <LiveBadge state={live} /></>}</p>
      <h1><Text of={verdictSentence(run)} /></h1>
      <dl class="facts">
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}
      </dl>
    </header>
  )
}
