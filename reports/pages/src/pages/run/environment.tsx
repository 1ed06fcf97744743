import { jobKey, lastAttempt, surroundings } from '../../data/compare.ts'
import { Text } from '../../parts/text.tsx'
import type { AttemptJson, JobJson, RunJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import { changes } from './facts.ts'

// Tools, agent, boards, profile and digest of an attempt; what of it was another in `baseline`.
const facts = (job: JobJson, attempt: AttemptJson): [string, string][] =>
  [...Object.entries(surroundings(job, attempt)), ['profile', job.profile ?? '']]

export function Environment({ job, attempt, baseline }: { job: JobJson; attempt: AttemptJson; baseline: RunJson | undefined }) {
  const same = baseline?.jobs?.find((one) => jobKey(one) === jobKey(job))
  const last = lastAttempt(same)
  const rows = changes(facts(job, attempt), same && last && facts(same, last))
  return (
    <section aria-labelledby="environment">
      <h2 id="environment">Environment</h2>
      <dl class="run-facts card">
        {rows.map(({ name, now, before }) => (
          <div key={name} class={before === undefined ? '' : 'differs'}>
            <dt><Text of={name} /></dt>
            <dd class="mono"><Text of={now ?? '–'} />{before === undefined ? null
              : <span class="was"> <span aria-hidden="true">≠</span><span class="hidden">differs from</span> <Text of={before === '' ? '–' : before} /> in {baseline?.id}</span>}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
