// A run: the verdict, why, and all that shows it. Live while it runs.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Text } from '../parts/text.tsx'
import type { LiveState } from '../data/source.ts'
import type { RunJson, StepResultJson } from '../proto/assay/v1/orchestrator_pb.ts'
import type { TimelineJson } from '../proto/assay/v1/web_pb.ts'
import { Show, useLoad, useSource } from '../shell/load.tsx'
import { go, setQuery, usePlace } from '../shell/router.tsx'
import { Artifacts } from './run/artifacts.tsx'
import { chosen, hashOf, linesOf, rolesOf, stepOf, type Lines } from './run/choice.ts'
import { Again } from './run/commands.tsx'
import { Console } from './run/console.tsx'
import { Environment } from './run/environment.tsx'
import { Header } from './run/header.tsx'
import { Jobs } from './run/jobs.tsx'
import { Consoles } from './run/lines.ts'
import { take, type Kept } from './run/merge.ts'
import { PageLink } from './run/page_link.tsx'
import { rowMarks, stepLines } from './run/rows.ts'
import { Steps } from './run/steps.tsx'
import { Timeline } from './run/timeline.tsx'
import { isLease } from './run/words.ts'
import './run/run.css'

export function RunPage({ id }: { id: string }) {
  const source = useSource()
  const loaded = useLoad((signal) => source.run(id, signal), [source, id])
  return <Show loaded={loaded} what="this run">{(run) => <RunView first={run} />}</Show>
}

// The run as it becomes; its consoles and timelines by attempt.
function useLive(first: RunJson) {
  const source = useSource()
  const [kept, setKept] = useState<Kept>({ shown: first, half: undefined })
  const [state, setState] = useState<LiveState>()
  const [timelines, setTimelines] = useState<ReadonlyMap<string, TimelineJson>>(new Map())
  const consoles = useMemo(() => new Consoles((attempt, role, from, count) => source.lines(attempt, role, from, count)), [source])
  const id = first.id ?? ''
  const over = useRef(first.state === 'RUN_STATE_ENDED')
  useEffect(() => {
    if (over.current || source.isStatic) return
    return source.liveRun(id, {
      run: (part) => setKept((old) => take(old, part)),
      lines: (lines) => consoles.take(lines),
      timeline: (timeline) => setTimelines((old) => new Map(old).set(timeline.attempt ?? '', timeline)),
      state: setState,
    })
  }, [source, id, consoles])
  return { run: kept.shown ?? first, state, timelines, consoles }
}

function Waiting({ run }: { run: RunJson }) {
  const source = useSource()
  const waits = (run.jobs ?? []).filter((job) => job.state !== 'RUN_STATE_ENDED' && job.state !== 'RUN_STATE_RUNNING').length
  const loaded = useLoad((signal) => source.why(run.id ?? '', signal), [source, run.id, waits])
  const reasons = loaded.data?.jobs ?? []
  if (reasons.length === 0) return null
  return (
    <section class="waiting card" aria-labelledby="waits">
      <h2 id="waits">Waits</h2>
      <ul>{reasons.map((one) => <li key={one.job}><span class="mono">{one.job}</span> <Text of={one.reason} /></li>)}</ul>
    </section>
  )
}

export function RunView({ first }: { first: RunJson }) {
  const source = useSource()
  const { path, query, hash } = usePlace()
  const { run, state, timelines, consoles } = useLive(first)
  const { job, attempt } = chosen(run, query.get('attempt')) ?? {}
  const attemptId = attempt?.id ?? ''
  const ended = attempt?.state === 'RUN_STATE_ENDED' || run.state === 'RUN_STATE_ENDED'

  const asked = useLoad((signal) => (attemptId === '' ? Promise.resolve(undefined) : source.timeline(attemptId, signal)), [source, attemptId])
  const timeline = timelines.get(attemptId) ?? asked.data
  const baseline = useLoad((signal) => source.baseline(run.id ?? '', signal), [source, run.id])

  const roles = rolesOf(attempt, (timeline?.activity ?? []).map((one) => one.role))
  const lines = useMemo(() => linesOf(hash), [hash])
  const [asRole, setAsRole] = useState('')
  const [turn, setTurn] = useState(0)
  const step = stepOf(query)
  const steps = attempt?.steps ?? []
  const stepRole = steps.find((one) => (one.index ?? 0) === step)?.role
  const role = [lines?.role, asRole, stepRole, roles[0]].find((one) => one !== undefined && roles.includes(one)) ?? ''
  const marks = useMemo(() => timeline?.marks ?? [], [timeline])
  // Lines of the address, or else those of the chosen step.
  const at = useMemo(() => {
    if (lines?.role === role) return lines
    const own = step === undefined ? undefined : stepLines(rowMarks(marks, role), step, Infinity)
    return own && { role, from: own.from, to: own.to - 1 }
  }, [lines, role, step, marks])

  const here = path + (query.size === 0 ? '' : `?${query.toString()}`)
  const look = (to: Lines) => go(`${here}#${hashOf(to)}`, true)
  const consoleOf = (of: StepResultJson | undefined) => (of?.role !== undefined && roles.includes(of.role) ? of.role : role)
  // The console goes there, the page stays.
  const chooseStep = (index: number) => {
    setAsRole(consoleOf(steps.find((one) => (one.index ?? 0) === index)))
    setTurn((n) => n + 1)
    const next = new URLSearchParams(query)
    next.set('step', String(index))
    go(`${path}?${next.toString()}`, true)
  }
  const showStep = (of: StepResultJson) => {
    const own = consoleOf(of)
    const range = stepLines(rowMarks(marks, own), of.index ?? 0, consoles.of(attemptId, own).total ?? 0)
    setAsRole(own)
    setTurn((n) => n + 1)
    if (range) look({ role: own, from: range.from, to: Math.max(range.from, range.to - 1) })
    document.getElementById('console')?.scrollIntoView({ block: 'start' })
  }
  const other = baseline.data?.run
  return (
    <div class="run">
      <Header run={run} live={source.isStatic || state === undefined ? undefined : state} />
      {run.state === 'RUN_STATE_ENDED' || source.isStatic ? null : <Waiting run={run} />}
      <Jobs run={run} attempt={attemptId} onAttempt={(one) => setQuery({ attempt: one, step: '' }, false)} />
      {attempt && job && !isLease(run) ? (
        <>
          {steps.length > 0 || timeline ? (
            <Timeline key={`t${attemptId}`} steps={steps} timeline={timeline} step={step} onStep={chooseStep} />
          ) : null}
          <div class="split">
            <Steps key={`s${attemptId}`} attempt={attemptId} steps={steps} step={step} onStep={chooseStep} onConsole={showStep} />
            <section class="console-part" aria-labelledby="console">
              <h2 id="console">Console
                {roles.length > 1 ? roles.map((one) => (
                  <button type="button" key={one} aria-pressed={one === role} onClick={() => {
                    setAsRole(one)
                    if (lines && lines.role !== one) go(here, true)
                  }}><Text of={one} /></button>
                )) : role === '' ? null : <span class="faint"> <Text of={role} /></span>}
              </h2>
              {role === '' ? <p class="faint">No board has a console here.</p> : (
                <Console key={`${attemptId} ${role}`} attempt={attemptId} role={role} store={consoles.of(attemptId, role)} marks={marks} steps={steps}
                  at={at} turn={turn} onLines={look} follows={!ended} />
              )}
            </section>
          </div>
          <Environment job={job} attempt={attempt} baseline={other} />
        </>
      ) : null}
      <Artifacts run={run} baseline={other} />
      {other?.id && !source.isStatic ? (
        <p><PageLink to={`/compare?a=${encodeURIComponent(other.id)}&b=${encodeURIComponent(run.id ?? '')}`}>Compare with {other.id}</PageLink>, the last that passed before</p>
      ) : null}
      {isLease(run) ? null : <Again run={run} job={job} />}
    </div>
  )
}
