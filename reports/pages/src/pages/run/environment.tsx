import { Text } from '../../parts/text.tsx'
import type { AttemptJson, JobJson, RunJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import { changes } from './facts.ts'

// Tools, agent, boards and digests of an attempt; what of it was another in `baseline`.
function factsOf(job: JobJson, attempt: AttemptJson): [string, string][] {
  return [
    ['agent', attempt.agent ?? ''],
    ...Object.entries(attempt.boards ?? {}).sort().map(([role, board]): [string, string] => [`board ${role}`, board]),
    ['profile', job.profile ?? ''],
    ['job spec', job.specDigest ?? ''],
    ...Object.entries(attempt.environment ?? {}).sort(),
  ]
}

// The order of a map's entries in proto JSON means nothing.
const key = (job: JobJson) => JSON.stringify([job.profile ?? '', Object.entries(job.params ?? {}).sort()])

export function Environment({ job, attempt, baseline }: { job: JobJson; attempt: AttemptJson; baseline: RunJson | undefined }) {
  const same = baseline?.jobs?.find((one) => key(one) === key(job))
  const last = same?.attempts?.at(-1)
  const rows = changes(factsOf(job, attempt), same && last && factsOf(same, last))
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
