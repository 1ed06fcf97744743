// A plan's past: how reliably it passes, since when it does not, how long it takes.
import { useEffect, useRef, useState } from 'preact/hooks'
import { failingSince, pointHref, values } from '../data/history.ts'
import type { LiveState } from '../data/source.ts'
import { Command, quoted } from '../parts/copy.tsx'
import { HistoryView, LimitField, span } from '../parts/history.tsx'
import { Rev } from '../parts/rev.tsx'
import { Text } from '../parts/text.tsx'
import type { HistoryPointJson } from '../proto/assay/v1/web_pb.ts'
import { LiveBadge, Show, useLoad, useSource } from '../shell/load.tsx'
import { setQuery, usePlace } from '../shell/router.tsx'

const calm = 2000 // ms between two readings when many runs end at once

// Calls `reload` when a run of the plan has ended, and says how the connection is.
function useEnded(plan: string, reload: () => void): LiveState {
  const source = useSource()
  const [state, setState] = useState<LiveState>('connecting')
  const latest = useRef(reload)
  latest.current = reload
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined
        latest.current()
      }, calm)
    }
    let was: LiveState = 'connecting'
    const stop = source.liveRuns({
      change: ({ run }) => {
        if (run?.plan === plan && run.state === 'RUN_STATE_ENDED') soon()
      },
      state: (now) => {
        if (was === 'lost' && now === 'live') soon() // what was missed in between
        if (now !== 'connecting') was = now
        setState(now)
      },
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [source, plan])
  return state
}

function FailingSince({ points }: { points: readonly HistoryPointJson[] }) {
  const since = failingSince(points)
  if (!since) return null
  const { bad, good, failures } = since
  const point = (p: HistoryPointJson) => <><a href={pointHref(p.id ?? '')}>{p.id}</a>{(p.rev ?? '') === '' ? null : <> (<Rev rev={p.rev} />)</>}</>
  return (
    <p class="callout">
      <strong>Fails since {point(bad)}</strong>, {failures === 1 ? 'once' : `${failures} times`};{' '}
      {good ? <>the last to pass was {point(good)}. <a href={`/compare?a=${encodeURIComponent(good.id ?? '')}&b=${encodeURIComponent(bad.id ?? '')}`}>Compare the two</a></>
        : 'none of those shown passed before.'}
    </p>
  )
}

function About({ plan }: { plan: string }) {
  const source = useSource()
  const { data } = useLoad((signal) => source.plans(signal), [source])
  const info = data?.plans?.find((each) => each.id === plan)
  if (!info) return null // a plan of a project: only its runs are known
  const needs = info.needs ?? []
  return (
    <>
      <p><Text of={info.about} /></p>
      {needs.length === 0 ? null : <p class="faint">Needs {needs.map((need) => <span class="chip" key={need}><Text of={need} /></span>)}</p>}
      <p><Command text={`assay run ${quoted(plan)}`} /></p>
    </>
  )
}

function Field({ name, label, value, options }: { name: string; label: string; value: string; options: readonly string[] }) {
  return (
    <label>{label}
      <input type="text" list={`known-${name}`} value={value} placeholder="all" maxLength={200}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value.trim() })} />
      <datalist id={`known-${name}`}>{options.map((option) => <option key={option} value={option} />)}</datalist>
    </label>
  )
}

export function Plan({ id }: { id: string }) {
  const source = useSource()
  const { query } = usePlace()
  const project = query.get('project') ?? ''
  const ref = query.get('ref') ?? ''
  const limit = query.get('limit') ?? '200'
  const loaded = useLoad((signal) => source.planHistory(id, { project, ref, limit }, signal), [source, id, project, ref, limit])
  const state = useEnded(id, loaded.reload)
  const points = loaded.data?.points ?? []
  return (
    <>
      <h1>Plan <Text of={id} /></h1>
      <About plan={id} />
      <div class="bar">
        <Field name="project" label="Project" value={project} options={values(points, 'project')} />
        <Field name="ref" label="Branch or ref" value={ref} options={values(points, 'ref')} />
        <LimitField value={limit} />
        <span class="faint">{points.length === 0 ? '' : span(points, 'runs')}</span>
        <LiveBadge state={state} />
      </div>
      <Show loaded={loaded} what="this plan's runs">
        {(history) => <>
          <FailingSince points={history.points ?? []} />
          <HistoryView history={history} noun="runs" file={`plan-${id}`} planColumn={false} />
        </>}
      </Show>
    </>
  )
}
