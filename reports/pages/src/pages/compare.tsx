// Two runs beside each other: what changed between them.
import type { ComponentChildren } from 'preact'
import { jobDiffers, jobName, pairJobs } from '../data/compare.ts'
import { number, tookOf } from '../data/format.ts'
import { Rev } from '../parts/rev.tsx'
import { Text } from '../parts/text.tsx'
import { Time, Took } from '../parts/time.tsx'
import { Verdict } from '../parts/verdict.tsx'
import type { RunJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { Empty, Show, useLoad, useSource } from '../shell/load.tsx'
import { setQuery, usePlace } from '../shell/router.tsx'
import { Artifacts } from './compare/artifacts.tsx'
import { JobPair } from './compare/job.tsx'
import './compare.css'

const openAtFirst = 3 // jobs: each reads two timelines and consoles

function Choose({ a, b }: { a: string; b: string }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const given = new FormData(event.currentTarget as HTMLFormElement)
    const id = (name: string) => {
      const value = given.get(name)
      return typeof value === 'string' ? value.trim() : ''
    }
    setQuery({ a: id('a'), b: id('b') }, false)
  }
  return (
    <form class="bar" onSubmit={submit}>
      <label>This run<input key={`a${a}`} name="a" defaultValue={a} placeholder="r16" maxLength={20} autocomplete="off" /></label>
      <label>with this one<input key={`b${b}`} name="b" defaultValue={b} placeholder="r17" maxLength={20} autocomplete="off" /></label>
      <button type="submit">Compare</button>
      {a === '' || b === '' ? null : <button type="button" onClick={() => setQuery({ a: b, b: a }, false)}>Swap</button>}
    </form>
  )
}

// Nothing to compare with was named: the last run that passed is what one means.
function WithBaseline({ id }: { id: string }) {
  const source = useSource()
  const loaded = useLoad((signal) => source.baseline(id, signal), [source, id])
  return (
    <Show loaded={loaded} what="the last run that passed">
      {({ run }) => run?.id === undefined
        ? <Empty title="Which run to compare with?"><p>No earlier run of the same plan passed. Name one above.</p></Empty>
        : <Empty title="Which run to compare with?"><p>The last of the same plan to pass before it is <a href={`/compare?a=${encodeURIComponent(run.id)}&b=${encodeURIComponent(id)}`}>{run.id}</a>.</p></Empty>}
    </Show>
  )
}

function Side({ run, other }: { run: RunJson; other: RunJson }) {
  const row = (name: string, field: 'plan' | 'project' | 'rev' | 'ref', shown: ComponentChildren) =>
    (run[field] ?? '') === '' && (other[field] ?? '') === '' ? null
      : <><dt>{name}</dt><dd class={(run[field] ?? '') === (other[field] ?? '') ? '' : 'differs'}>{shown}</dd></>
  return (
    <section class="card cmp-side" aria-label={`Run ${run.id ?? ''}`}>
      <p class="cmp-side-head"><a href={`/runs/${encodeURIComponent(run.id ?? '')}`}><strong>{run.id}</strong></a> <Verdict of={run} /></p>
      <p class="cmp-sentence"><Text of={run.sentence} /></p>
      <dl class="fact-list">
        {row('Plan', 'plan', <a href={`/plans/${encodeURIComponent(run.plan ?? '')}`}><Text of={run.plan} /></a>)}
        {row('Project', 'project', <Text of={run.project} />)}
        {row('Build', 'rev', <Rev rev={run.rev} />)}
        {row('Ref', 'ref', <Text of={run.ref} />)}
        <dt>Started</dt><dd><Time micros={run.startedUnixMicros} /></dd>
        <dt>Took</dt><dd>{number(run.endedUnixMicros) === 0 ? '–' : <Took seconds={tookOf(run) ?? 0} />}</dd>
      </dl>
    </section>
  )
}

function Both({ a, b }: { a: RunJson; b: RunJson }) {
  const { query } = usePlace()
  const all = query.get('all') === '1'
  const addresses = query.get('addresses') === '0'
  const jobs = pairJobs(a, b)
  const different = jobs.filter(jobDiffers)
  return (
    <>
      <div class="cmp-sides"><Side run={a} other={b} /><Side run={b} other={a} /></div>
      {(a.plan ?? '') === (b.plan ?? '') ? null : <p class="cmp-note">These are runs of different plans: only steps that say the same are beside each other.</p>}
      <Artifacts a={a} b={b} />
      <div class="list-head">
        <h2>Jobs <small class="faint">{different.length} of {jobs.length} differ</small></h2>
        <label><input type="checkbox" checked={all} onChange={(event) => setQuery({ all: event.currentTarget.checked ? '1' : '' })} /> Steps that do not differ, too</label>
        <label><input type="checkbox" checked={addresses} onChange={(event) => setQuery({ addresses: event.currentTarget.checked ? '0' : '' })} /> Ignore addresses in consoles</label>
      </div>
      {jobs.length === 0 ? <p class="faint">Neither has a job.</p> : null}
      {jobs.map((pair, i) => {
        const job = pair.a ?? pair.b ?? {}
        return <JobPair key={`${pair.a?.id ?? ''}/${pair.b?.id ?? ''}`} pair={pair} name={jobName(job)} ids={[a.id ?? '', b.id ?? '']}
          all={all} addresses={addresses} open={jobs.length === 1 || (different.includes(pair) && i < openAtFirst)} />
      })}
    </>
  )
}

function Loaded({ a, b }: { a: string; b: string }) {
  const source = useSource()
  const loaded = useLoad((signal) => Promise.all([source.run(a, signal), source.run(b, signal)]), [source, a, b])
  return <Show loaded={loaded} what="the two runs">{([runA, runB]) => <Both a={runA} b={runB} />}</Show>
}

export function Compare() {
  const { query } = usePlace()
  const a = query.get('a') ?? ''
  const b = query.get('b') ?? ''
  return (
    <>
      <h1>Compare {a === '' || b === '' ? 'two runs' : <><Text of={a} /> with <Text of={b} /></>}</h1>
      <Choose a={a} b={b} />
      {a !== '' && b !== '' ? <Loaded key={`${a} ${b}`} a={a} b={b} />
        : a !== '' || b !== '' ? <WithBaseline id={a === '' ? b : a} />
          : <Empty title="Two runs, side by side"><p>Name them above, or come from the matrix, a plan or a run.</p></Empty>}
    </>
  )
}
