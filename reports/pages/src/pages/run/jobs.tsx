import { duration, tookOf, verdictWord } from '../../data/format.ts'
import { Export, type Column } from '../../parts/export.tsx'
import { Text } from '../../parts/text.tsx'
import { Badge, Verdict } from '../../parts/verdict.tsx'
import type { AttemptJson, JobJson, RunJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import { attemptsSentence, plural } from './words.ts'

const params = (job: JobJson) => Object.entries(job.params ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
const lastOf = (job: JobJson): AttemptJson | undefined => job.attempts?.at(-1)
const columns: Column<JobJson>[] = [
  { name: 'job', of: (job) => job.id ?? '' },
  { name: 'profile', of: (job) => job.profile ?? '' },
  { name: 'params', of: (job) => params(job).map(([name, value]) => `${name}=${value}`).join(' ') },
  { name: 'verdict', of: (job) => verdictWord(job.verdict, job.state) },
  { name: 'sentence', of: (job) => job.sentence ?? '' },
  { name: 'attempts', of: (job) => job.attempts?.length ?? 0 },
]

function Attempts({ job, attempt, onAttempt }: { job: JobJson; attempt: string | undefined; onAttempt: (id: string) => void }) {
  return (
    <span class="attempts">
      {(job.attempts ?? []).map((one, i) => (
        <button type="button" key={one.id} aria-pressed={one.id === attempt} onClick={() => onAttempt(one.id ?? '')}
          aria-label={`Show attempt ${i + 1} of ${job.id ?? ''}: ${verdictWord(one.verdict, one.state)}`}>
          {i + 1} <Badge word={verdictWord(one.verdict, one.state)} short />
        </button>
      ))}
    </span>
  )
}

export function Jobs({ run, attempt, onAttempt }: {
  run: RunJson
  attempt: string | undefined
  onAttempt: (id: string) => void
}) {
  const jobs = run.jobs ?? []
  const [only] = jobs
  // One job that ran once: the page is about it anyway.
  if (jobs.length === 1 && only && (only.attempts?.length ?? 0) === 1) {
    const one = only.attempts?.[0]
    return (
      <p class="only-job"><span class="mono">{one?.id}</span> on <Text of={only.profile} />
        {Object.entries(one?.boards ?? {}).map(([role, board]) => <span key={role}> · <Text of={role} />: <Text of={board} mono /></span>)}
        {params(only).map(([name, value]) => <span key={name}> · <span class="mono"><Text of={`${name}=${value}`} /></span></span>)}
      </p>
    )
  }
  const withParams = jobs.some((job) => params(job).length > 0)
  return (
    <section aria-labelledby="jobs">
      <h2 id="jobs">{plural(jobs.length, 'job')} <Export name={`${run.id ?? 'run'}-jobs`} columns={columns} rows={jobs} /></h2>
      <div class="table" tabIndex={0} role="region" aria-labelledby="jobs">
        <table class="folds jobs">
          <thead><tr><th>job</th><th>profile</th>{withParams ? <th>parameters</th> : null}<th>verdict</th><th>attempts</th><th class="number">took</th><th>why</th></tr></thead>
          <tbody>
            {jobs.map((job) => {
              const last = lastOf(job)
              const s = last && tookOf(last)
              const mine = job.attempts?.some((one) => one.id === attempt) ?? false
              const several = (job.attempts?.length ?? 0) > 1
              const why = several ? attemptsSentence(job.attempts ?? []) : job.sentence ?? last?.sentence ?? ''
              return (
                <tr key={job.id} class={mine ? 'chosen' : ''}>
                  <td data-name="job" class="mono">{job.id}</td>
                  <td data-name="profile"><Text of={job.profile} /></td>
                  {withParams ? <td data-name="parameters" class="mono">{params(job).map(([name, value]) => <div key={name}><Text of={`${name}=${value}`} /></div>)}</td> : null}
                  <td data-name="verdict"><Verdict of={job} /></td>
                  <td data-name="attempts"><Attempts job={job} attempt={attempt} onAttempt={onAttempt} /></td>
                  <td data-name="took" class="number">{s === undefined ? '' : duration(s)}</td>
                  <td data-name="why" class="why"><Text of={why} /></td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </section>
  )
}
