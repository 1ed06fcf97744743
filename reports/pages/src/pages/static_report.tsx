// What stands around the run in a file: when and by what it was made, and what is
// not in it.
import { lastAttempt } from '../data/compare.ts'
import { stepWord } from '../data/format.ts'
import { visible, withoutEscapes } from '../data/visible.ts'
import { Text } from '../parts/text.tsx'
import { Time } from '../parts/time.tsx'
import { Badge } from '../parts/verdict.tsx'
import type { RunJson } from '../proto/assay/v1/orchestrator_pb.ts'
import type { StaticReportJson } from '../proto/assay/v1/web_pb.ts'
import { ThemeButton } from '../shell/theme.tsx'
import { RunView } from './run.tsx'
import './static_report.css'

// On paper nothing can be opened: what every step that did not pass shows, of all
// jobs.
function Printed({ run }: { run: RunJson }) {
  const failed = (run.jobs ?? []).flatMap((job) => (lastAttempt(job)?.steps ?? [])
    .filter((step) => ['failed', 'lab-error'].includes(stepWord(step.state))).map((step) => ({ job, step })))
  if (failed.length === 0) return null
  return (
    <section class="printed" aria-hidden="true">
      <h2>Steps that did not pass</h2>
      {failed.map(({ job, step }) => (
        <article key={`${job.id ?? ''} ${step.index ?? 0}`}>
          <h3><Badge word={stepWord(step.state)} /> <Text of={job.profile} />: <Text of={step.text} /></h3>
          <p><Text of={step.sentence} /></p>
          {(step.findings ?? []).map((finding, i) => (
            <p key={i}><Text of={finding.channel} />: expected <Text of={finding.expected} mono />, saw <Text of={finding.observed} mono /></p>
          ))}
          {(step.console ?? []).length === 0 ? null : <pre>{(step.console ?? []).map((line) => visible(withoutEscapes(line))).join('\n')}</pre>}
        </article>
      ))}
    </section>
  )
}

export function StaticReport({ report }: { report: StaticReportJson }) {
  const cut = report.cut ?? []
  return (
    <>
      <a class="skip" href="#main">Skip to the run</a>
      <header class="top">
        <span class="brand">Assay</span>
        <span class="made">Report{report.madeUnixMicros === undefined ? null : <> made <Time micros={report.madeUnixMicros} /></>}
          {(report.version ?? '') === '' ? null : <> by Assay <Text of={report.version} /></>}</span>
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1}>
        {cut.length === 0 ? null : (
          <section class="left-out" aria-label="Not in this file">
            <strong>Not everything is in this file:</strong>
            <ul>{cut.map((words, i) => <li key={i}><Text of={words} /></li>)}</ul>
          </section>
        )}
        <RunView first={report.run ?? {}} />
        <Printed run={report.run ?? {}} />
      </main>
    </>
  )
}
