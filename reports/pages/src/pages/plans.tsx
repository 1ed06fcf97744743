// The plans that are shipped and those that were seen, each with how it went lately.
import { verdictWord, symbol } from '../data/format.ts'
import { visible } from '../data/visible.ts'
import { Ago } from '../parts/clock.tsx'
import { Command, quoted } from '../parts/copy.tsx'
import { Export, type Column } from '../parts/export.tsx'
import { shortRev } from '../parts/rev.tsx'
import { Text } from '../parts/text.tsx'
import type { RunJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { Empty, LiveBadge, Show, useLoad, useSource } from '../shell/load.tsx'
import { planLink, runLink } from './now_parts.tsx'
import { knownPlans, type KnownPlan } from './plan_list.ts'
import { useRenewal } from './renewal.ts'
import './now.css'
import './plans.css'

const looked = 500 // runs

const columns: readonly Column<KnownPlan>[] = [
  { name: 'plan', of: (p) => p.name }, { name: 'shipped', of: (p) => (p.shipped === undefined ? 'no' : 'yes') },
  { name: 'about', of: (p) => p.shipped?.about ?? '' }, { name: 'artifacts', of: (p) => (p.shipped?.artifacts ?? []).join(' ') },
  { name: 'needs', of: (p) => (p.shipped?.needs ?? []).join(' ') }, { name: 'newest_run', of: (p) => p.runs[0]?.id ?? '' },
  { name: 'verdict', of: (p) => (p.runs[0] === undefined ? '' : verdictWord(p.runs[0].verdict, p.runs[0].state)) },
]

export function Plans() {
  const source = useSource()
  const loaded = useLoad(async (signal) => {
    const [plans, runs] = await Promise.all([source.plans(signal), source.runs({ page_size: looked }, signal)])
    return knownPlans(plans.plans ?? [], runs.runs ?? [])
  }, [source])
  const state = useRenewal(loaded.reload, () => true)
  return (
    <>
      <div class="now-head"><h1>Plans</h1><p><LiveBadge state={state} /></p></div>
      <Show loaded={loaded} what="plans">
        {(plans) => plans.length === 0 ? <Empty title="No plans"><p>None is shipped with this assayd, and nothing has run yet.</p></Empty> : (
          <>
            <p class="plans-tools"><span class="faint">How the newest {looked} runs went, the newest on the left.</span><Export name="plans" columns={columns} rows={plans} /></p>
            <ul class="plans">{plans.map((plan) => <Plan key={plan.name} plan={plan} />)}</ul>
          </>
        )}
      </Show>
    </>
  )
}

function Plan({ plan }: { plan: KnownPlan }) {
  const newest = plan.runs[0]
  return (
    <li>
      <div class="plan-head">
        <h2><a href={planLink(plan.name)}><Text of={plan.name} /></a></h2>
        <a href={`/runs?plan=${encodeURIComponent(plan.name)}`} aria-label={`Runs of ${visible(plan.name)}`}>runs</a>
      </div>
      {plan.shipped === undefined ? <p class="faint">Not one of those shipped: seen in runs.</p> : <p><Text of={plan.shipped.about} /></p>}
      {plan.runs.length === 0 ? <p class="plan-runs faint">No run yet: <Command text={`assay run ${quoted(plan.name)}`} /></p> : (
        <div class="plan-runs">
          <ul class="plan-strip">{plan.runs.map((run) => <Square key={run.id} run={run} />)}</ul>
          <span class="faint"><Ago micros={newest?.endedUnixMicros ?? newest?.submittedUnixMicros} /></span>
        </div>
      )}
      {plan.shipped === undefined ? null : (
        <p class="faint plan-needs">
          {(plan.shipped.needs ?? []).length > 0 ? <>needs <Text of={[...new Set(plan.shipped.needs)].join(', ')} /></> : 'needs nothing special'}
          {(plan.shipped.artifacts ?? []).length > 0 ? <>; takes <Text of={plan.shipped.artifacts?.join(', ')} /></> : null}
        </p>
      )}
    </li>
  )
}

function Square({ run }: { run: RunJson }) {
  const word = verdictWord(run.verdict, run.state)
  const label = `${run.id ?? ''}${run.rev === undefined || run.rev === '' ? '' : ` on ${visible(shortRev(run.rev))}`}: ${word}`
  return <li><a class={`badge ${word}`} href={runLink(run.id ?? '')} title={label} aria-label={label}><span aria-hidden="true">{symbol(word)}</span></a></li>
}
