import { expect, it } from 'vitest'
import { boardMatches, boardState, counts, progressOf, runOf, sites, whereRuns } from '../src/pages/lab.ts'
import type { RunJson } from '../src/proto/assay/v1/orchestrator_pb.ts'

const boards = [
  { id: 'nrf-10', agent: 'b', state: 'idle', profile: 'nrf52840', tags: ['ble'] },
  { id: 'nrf-2', agent: 'b', state: 'leased', holder: 'r17.1.2', profile: 'nrf52840' },
  { id: 'v-1', agent: 'a', state: 'quarantined', reason: 'power is stuck on' },
  { id: 'lone', state: 'melted' },
]

it('puts boards under their agents, numbers in order', () => {
  const found = sites(boards, [{ id: 'c', state: 'lost' }, { id: 'b', state: 'connected', version: '0.5' }])
  expect(found.map((site) => [site.agent, site.connected, site.boards.map((board) => board.id)])).toEqual([
    ['', false, ['lone']], ['a', false, ['v-1']], ['b', true, ['nrf-2', 'nrf-10']], ['c', false, []],
  ])
})

it('takes a state that it does not know for out of use', () => {
  expect(boardState({ state: 'melted' })).toBe('offline')
  expect(counts(boards)).toBe('1 idle, 1 leased, 1 quarantined, 1 offline')
  expect(counts([])).toBe('')
})

it('finds boards by state and words', () => {
  const found = (state: string, text: string) => boards.filter((board) => boardMatches(board, state, text)).map((board) => board.id)
  expect(found('', '')).toEqual(['nrf-10', 'nrf-2', 'v-1', 'lone'])
  expect(found('leased', '')).toEqual(['nrf-2'])
  expect(found('', 'NRF ble')).toEqual(['nrf-10'])
  expect(found('', 'stuck')).toEqual(['v-1'])
  expect(found('idle', 'r17')).toEqual([])
})

it('knows a run by its attempt', () => {
  expect(['r17.1.2', 'r17', ''].map(runOf)).toEqual(['r17', 'r17', ''])
})

const run: RunJson = {
  jobs: [
    { state: 'RUN_STATE_ENDED', verdict: 'VERDICT_FAILED', attempts: [{ state: 'RUN_STATE_ENDED', agent: 'old', boards: { dut: 'gone' } }] },
    {
      state: 'RUN_STATE_RUNNING',
      attempts: [
        { state: 'RUN_STATE_ENDED', agent: 'x', boards: { dut: 'w' } },
        {
          state: 'RUN_STATE_RUNNING', agent: 'lab', boards: { dut: 'v-2', peer: 'v-1' },
          steps: [{ state: 'STEP_STATE_PASSED', text: 'power on' },
            { state: 'STEP_STATE_RUNNING', text: 'upload', progressDone: '30', progressTotal: '120' }],
        },
      ],
    },
  ],
}
it('says where a run is and how far', () => {
  expect(whereRuns(run)).toEqual({ boards: ['v-1', 'v-2'], agents: ['lab'] })
  expect(progressOf(run)).toEqual({ ended: 1, jobs: 2, failed: 1, step: 'upload', share: 0.25 })
  expect(progressOf({})).toEqual({ ended: 0, jobs: 0, failed: 0, step: '', share: undefined })
})
