// The parts of Now, each from the overview's own lists.
import { tookOf } from '../data/format.ts'
import { visible } from '../data/visible.ts'
import { Ago, Elapsed, Left } from '../parts/clock.tsx'
import { Command } from '../parts/copy.tsx'
import { LeasedBy } from '../parts/leased.tsx'
import { Rev } from '../parts/rev.tsx'
import { Text } from '../parts/text.tsx'
import { Took } from '../parts/time.tsx'
import { Verdict } from '../parts/verdict.tsx'
import type { AgentJson, BoardJson, RunJson } from '../proto/assay/v1/orchestrator_pb.ts'
import type { AlertJson, WaitingJobJson } from '../proto/assay/v1/web_pb.ts'
import { boardState, boardSymbols, counts, progressOf, runOf, sites, whereRuns } from './lab.ts'

export const boardLink = (id: string): string => `/boards/${encodeURIComponent(id)}`
export const planLink = (name: string): string => `/plans/${encodeURIComponent(name)}`
export const runLink = (id: string): string => `/runs/${encodeURIComponent(id)}`

export function Alerts({ alerts }: { alerts: readonly AlertJson[] }) {
  // Always there, so that a new one is read out.
  return (
    <div role="status" aria-label="Alerts">
      {alerts.length === 0 ? null : (
        <ul class="alerts">
          {alerts.map((alert) => {
            const subject = alert.subject ?? ''
            const agent = alert.kind === 'KIND_AGENT_LOST'
            return (
              <li key={`${alert.kind ?? ''} ${subject}`} class={agent ? 'lost' : 'quarantined'}>
                <span aria-hidden="true">{agent ? '✕' : '⚠'}</span>
                <span>
                  <a href={agent ? `/boards?text=${encodeURIComponent(subject)}` : boardLink(subject)}>
                    {agent ? 'agent ' : 'board '}<Text of={subject} /></a>
                  {' '}<Text of={alert.sentence} />
                </span>
              </li>
            )
          })}
        </ul>
      )}
    </div>
  )
}

function Cut({ shown, total, what }: { shown: number; total: number; what: string }) {
  return total > shown ? <p class="faint">and {total - shown} more: <a href={`/runs?status=${what}`}>all that are {what}</a></p> : null
}

export function RunName({ run }: { run: RunJson }) {
  return (
    <>
      <a class="run-id" href={runLink(run.id ?? '')}>{run.id}</a>{' '}
      <a class="quiet" href={planLink(run.plan ?? '')}><Text of={run.plan} /></a>
    </>
  )
}
export function Build({ run }: { run: RunJson }) {
  const parts = [run.project, run.ref, run.person].filter((part) => part !== undefined && part !== '')
  return <span class="build"><Rev rev={run.rev} />{parts.map((part) => <span class="faint" key={part}>{' '}<Text of={part} /></span>)}</span>
}

interface Clock { ahead: number; until: number | undefined }

export function Running({ runs, total, ahead, until }: Clock & { runs: readonly RunJson[]; total: number }) {
  return (
    <section aria-label="Running">
      <h2>Running <span class="faint">{total}</span></h2>
      {runs.length === 0 ? <p class="faint">Nothing runs.</p> : (
        <ul class="lines">{runs.map((run) => <RunningRun key={run.id} run={run} ahead={ahead} until={until} />)}</ul>
      )}
      <Cut shown={runs.length} total={total} what="running" />
    </section>
  )
}

function RunningRun({ run, ahead, until }: Clock & { run: RunJson }) {
  const { boards, agents } = whereRuns(run)
  const progress = progressOf(run)
  const share = progress.share ?? (progress.jobs > 0 ? progress.ended / progress.jobs : undefined)
  return (
    <li class="line">
      <div class="line-top">
        <span><RunName run={run} /> <Build run={run} /></span>
        <Elapsed from={run.startedUnixMicros} ahead={ahead} until={until} />
      </div>
      <div class="line-more">
        <span>
          {boards.map((board) => <a class="quiet" key={board} href={boardLink(board)}><Text of={board} /></a>)}
          {agents.length > 0 ? <span class="faint"> on <Text of={agents.join(', ')} /></span> : null}
        </span>
        <span class="faint">
          {progress.step === '' ? null : <><Text of={progress.step} />{' '}</>}
          {progress.jobs > 1 ? `${progress.ended} of ${progress.jobs} jobs ended` : null}
          <Left micros={run.state === 'RUN_STATE_RUNNING' ? run.leaseUntilUnixMicros : undefined} ahead={ahead} />
          {progress.failed > 0 ? <strong class="bad">, {progress.failed} not passed</strong> : null}
        </span>
      </div>
      {share === undefined || (progress.jobs < 2 && progress.share === undefined) ? null
        : <progress value={share} max={1} aria-label={`Progress of ${run.id ?? ''}`} />}
    </li>
  )
}

export function Waiting({ jobs, total, ahead, until }: Clock & { jobs: readonly WaitingJobJson[]; total: number }) {
  return (
    <section aria-label="Waiting">
      <h2>Waiting <span class="faint">{total}</span></h2>
      {jobs.length === 0 ? <p class="faint">Nothing waits.</p> : (
        <ol class="lines">
          {jobs.map(({ run = {}, job, profile, reason }) => (
            <li class="line" key={job}>
              <div class="line-top">
                <span>
                  <a class="run-id" href={runLink(run.id ?? '')}>{job}</a>{' '}
                  <a class="quiet" href={planLink(run.plan ?? '')}><Text of={run.plan} /></a>{' '}
                  <span class="faint">for <Text of={profile} /></span> <Build run={run} />
                </span>
                <Elapsed from={run.submittedUnixMicros} ahead={ahead} until={until} />
              </div>
              <div class="line-more"><Text of={reason} /></div>
            </li>
          ))}
        </ol>
      )}
      <Cut shown={jobs.length} total={total} what="queued" />
    </section>
  )
}

export function BoardGrid({ boards, agents, total, ahead }: { boards: readonly BoardJson[]; agents: readonly AgentJson[]; total: number; ahead: number }) {
  const found = sites(boards, agents)
  if (found.length === 0) return <p class="faint">No agent is here. Start one: <Command text="assay up" /></p>
  return (
    <>
      {found.map((site) => (
        <section class="site" key={site.agent} aria-label={site.agent === '' ? 'Boards of no agent' : `Boards of ${visible(site.agent)}`}>
          <h3>
            {site.agent === '' ? 'no agent' : <Text of={site.agent} />}
            {' '}{site.connected ? null : <span class="bad">✕ lost </span>}
            <span class="faint">{counts(site.boards)}</span>
          </h3>
          {site.boards.length === 0 ? <p class="faint">It has no boards.</p> : (
            <ul class="boards">{site.boards.map((board) => <BoardCell key={board.id} board={board} ahead={ahead} />)}</ul>
          )}
        </section>
      ))}
      {total > boards.length ? <p class="faint">and {total - boards.length} more: <a href="/boards">all boards</a></p> : null}
    </>
  )
}

function BoardCell({ board, ahead }: { board: BoardJson; ahead: number }) {
  const state = boardState(board)
  const why = board.reason === undefined || board.reason === '' ? '' : `: ${visible(board.reason)}`
  const holder = board.holder ?? ''
  return (
    <li class={`cell ${state}${(board.lease ?? '') === '' ? '' : ' lent'}`} title={`${visible(board.id ?? '')}, ${visible(board.profile ?? '')}, ${state}${why}`}>
      <span aria-hidden="true">{boardSymbols[state]}</span>
      <a href={boardLink(board.id ?? '')}><Text of={board.id} /></a>
      <span class={state === 'idle' ? 'hidden' : 'cell-state'}>{state}</span>
      {holder === '' ? null : <a class="holder" href={runLink(runOf(holder))} aria-label={`held by ${holder}`}>{runOf(holder)}</a>}
      <LeasedBy board={board} ahead={ahead} />
    </li>
  )
}

export function Ended({ runs, ahead }: { runs: readonly RunJson[]; ahead: number }) {
  return (
    <section aria-label="Ended">
      <h2>Ended <a class="aside" href="/runs">all runs</a></h2>
      {runs.length === 0 ? <p class="faint">Nothing has ended yet. A first run: <Command text="assay run ota-revert" /></p> : (
        <ul class="lines ended">
          {runs.map((run) => (
            <li class="line" key={run.id}>
              <span class="ended-verdict"><Verdict of={run} /></span>
              <span class="ended-run"><RunName run={run} /> <Build run={run} /></span>
              <span class="ended-when faint"><Took seconds={tookOf(run) ?? 0} /> · <Ago micros={run.endedUnixMicros} ahead={ahead} /></span>
              <span class="ended-why"><Text of={run.sentence} /></span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
