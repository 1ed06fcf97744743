// Texts as an enemy would write them, and fixtures that have them in every field
// that a device, a commit, a file or a person fills.
import { vi } from 'vitest'
import type { AgentJson, BoardJson, ListPlansResponseJson, RunJson } from '../src/proto/assay/v1/orchestrator_pb.ts'
import type { ArtifactInfoJson, ConsoleLinesJson, HistoryJson, MatrixJson, OverviewJson, StaticReportJson, TimelineJson } from '../src/proto/assay/v1/web_pb.ts'
import type { Source } from '../src/data/source.ts'
import { fakeSource } from './fake_source.ts'

export const evil = '"\'><img src=x onerror="alert(1)"><script>alert(2)</script></title></script>'
  + '\u001b[31m\u001b]8;;javascript:alert(3)\u0007\u0000\u0008\r\n\u202eoc\u2066\u2028\u2029\u200b\u009b31m javascript:alert(4) {{7*7}} &lt;'
const x = (what: string) => `${what}${evil}`

export const run = (id: string, red: boolean): RunJson => ({
  id, state: 'RUN_STATE_ENDED', verdict: red ? 'VERDICT_FAILED' : 'VERDICT_PASSED', sentence: x('sentence'), plan: x('plan'), project: x('project'),
  rev: x(`rev of ${id}`), ref: x('ref'), submittedUnixMicros: '1764000000000000', startedUnixMicros: '1764000000000000', endedUnixMicros: '1764000009000000',
  artifacts: [{ name: x('artifact'), sha256: red ? 'aa' : 'bb', size: '5', fileName: x('file') }],
  jobs: [{
    id: `${id}.1`, state: 'RUN_STATE_ENDED', verdict: red ? 'VERDICT_FAILED' : 'VERDICT_PASSED', sentence: x('job'), profile: x('profile'), params: { [x('param')]: x('value') }, specDigest: x('digest'),
    attempts: [{
      id: `${id}.1.1`, state: 'RUN_STATE_ENDED', verdict: 'VERDICT_FAILED', sentence: x('attempt'), agent: x('agent'), boards: { [x('role')]: x(`board ${id}`) },
      startedUnixMicros: '1764000000000000', endedUnixMicros: '1764000009000000', environment: { [x('tool')]: x(`version ${id}`) },
      steps: [{
        index: 0, id: x('step'), role: x('role'), text: x('text'), place: x('place'), state: red ? 'STEP_STATE_FAILED' : 'STEP_STATE_PASSED', sentence: x('why'), startedAt: '1s', took: '2s',
        findings: [{ channel: x('channel'), expected: x('expected'), observed: x(`observed ${id}`), says: 'SAYS_DISAGREES' }], console: [x('console')],
      }],
    }],
  }],
})
export const board: BoardJson = {
  id: x('board'), profile: x('profile'), agent: x('agent'), state: 'quarantined', reason: x('reason'), holder: 'r2.1.1', abilities: [x('ability')], tags: [x('tag')],
}
const agent: AgentJson = { id: x('agent'), state: 'lost', version: x('version'), incarnation: x('incarnation'), boards: [x('board')], attempts: ['r2.1.1'] }
const plans: ListPlansResponseJson = { plans: [{ id: x('plan'), about: x('about'), artifacts: [x('artifact')], needs: [x('need')] }] }
export const overview: OverviewJson = {
  running: [{ ...run('r3', true), state: 'RUN_STATE_RUNNING' }], waiting: [{ run: run('r4', true), job: 'r4.1', profile: x('profile'), reason: x('reason') }],
  boards: [board], agents: [agent], alerts: [{ kind: 'KIND_BOARD_QUARANTINED', subject: x('subject'), sentence: x('sentence') }], ended: [run('r2', true)],
  runningTotal: 1, waitingTotal: 1, boardsTotal: 1, unixMicros: '1764000010000000', version: x('version'),
}
const history: HistoryJson = {
  points: [{ id: 'r2', plan: x('plan'), rev: x('rev'), ref: x('ref'), project: x('project'), verdict: 'VERDICT_FAILED', sentence: x('sentence'), startedUnixMicros: '1764000000000000', took: '2s' },
    { id: 'r1', plan: x('plan'), rev: x('rev'), ref: x('ref'), verdict: 'VERDICT_PASSED', startedUnixMicros: '1763000000000000', took: '1s' }],
  stats: { passed: 1, failed: 1, passRate: 0.5, passLow: 0.1, passHigh: 0.9, tookMedian: '1s', tookP95: '2s' }, board, powerSwitches: '1', flashCycles: '2',
}
const matrix: MatrixJson = {
  builds: [{ project: x('project'), rev: x('rev'), ref: x('ref'), firstUnixMicros: '1764000000000000' }],
  rows: [{ name: x('plan'), firstBad: 0, cells: [{ run: 'r2', state: 'RUN_STATE_ENDED', verdict: 'VERDICT_FAILED', failed: 1 }] }],
}
const timeline = (attempt: string): TimelineJson => ({
  attempt, length: '9s', ended: true, cut: x('cut'),
  marks: [{ at: '0.1s', kind: 'KIND_POWER_ON', role: x('role'), board: x('board'), lines: { [x('role')]: '0' } }, { at: '1s', kind: 'KIND_STEP', step: 0, lines: { [x('role')]: '1' } },
    { at: '2s', kind: 'KIND_NOTE', text: x('note') }, { at: '3s', kind: 'KIND_MEASUREMENT', text: x('current'), value: 1, unit: x('mA') }],
  activity: [{ role: x('role'), bytes: [1, 2, 3], span: '3s' }],
})
const lines = (attempt: string): ConsoleLinesJson => ({
  attempt, role: x('role'), total: '3', bytes: '99', ended: true, cut: x('cut'), lines: [{ text: x('one'), at: '1s' }, { text: x(`two ${attempt}`), at: '2s' }, { text: `\u001b[1;31m${evil}\u001b[0m`, at: '3s' }],
})
const artifact = (sha256: string): ArtifactInfoJson => ({ sha256, size: '5', format: x('format'), problem: x('problem'), facts: [{ name: x('fact'), value: x(`value ${sha256}`) }] })

export function hostileSource(): Source {
  return fakeSource({
    now: () => Promise.resolve(overview),
    runs: () => Promise.resolve({ runs: [run('r2', true), run('r1', false)] }),
    run: (id) => Promise.resolve(run(id, id !== 'r1')),
    why: () => Promise.resolve({ jobs: [{ job: 'r2.1', reason: x('reason') }] }),
    baseline: () => Promise.resolve({ run: run('r1', false) }),
    timeline: (attempt) => Promise.resolve(timeline(attempt)),
    lines: (attempt) => Promise.resolve(lines(attempt)),
    boards: () => Promise.resolve([board]),
    agents: () => Promise.resolve([agent]),
    plans: () => Promise.resolve(plans),
    matrix: () => Promise.resolve(matrix),
    planHistory: () => Promise.resolve(history),
    boardHistory: () => Promise.resolve(history),
    artifact: (sha256) => Promise.resolve(artifact(sha256)),
    liveNow: (on) => { on.state('live'); on.overview(overview); return vi.fn() },
    liveRuns: (on) => { on.state('live'); on.change({ run: { ...run('r5', true), jobs: [] } }); return vi.fn() },
  })
}
export const report: StaticReportJson = {
  run: run('r2', true), timelines: [timeline('r2.1.1')], consoles: [lines('r2.1.1')], artifacts: [artifact('aa')], cut: [x('cut')], madeUnixMicros: '1764000000000000', version: x('version'),
  baseline: { run: run('r1', false) },
}
