import { describe, expect, it } from 'vitest'
import {
  choose, chosenOf, compareLink, everyRun, filtersOf, hear, isFiltered, later, matches, pageOf,
} from '../src/pages/run_list.ts'
import { tookOf } from '../src/data/format.ts'
import { moved, moveOf } from '../src/pages/row_keys.ts'
import { pageLink } from '../src/pages/runs.tsx'
import { shortRev } from '../src/parts/rev.tsx'
import type { Query } from '../src/data/source.ts'
import type { RunJson } from '../src/proto/assay/v1/orchestrator_pb.ts'

const none = filtersOf(new URLSearchParams())
const failed: RunJson = { id: 'r7', state: 'RUN_STATE_ENDED', verdict: 'VERDICT_FAILED', plan: 'ota-revert', project: 'lamp', ref: 'main', rev: '1a2b', sentence: 'The old image did not come back' }

describe('filters', () => {
  it('come from the address', () => {
    const filters = filtersOf(new URLSearchParams('plan=+ota &status=failed&chosen=r1&page_token=r9'))
    expect(filters).toEqual({ text: '', status: 'failed', project: '', ref: '', plan: 'ota', profile: '', rev: '' })
    expect(isFiltered(filters)).toBe(true)
    expect(isFiltered(none)).toBe(false)
  })
  it.each([
    [{}, true], [{ status: 'failed' }, true], [{ status: 'passed' }, false], [{ project: 'lam' }, false],
    [{ text: 'OLD IMAGE' }, true], [{ text: 'r7' }, false], [{ rev: '1a2b', ref: 'main' }, true], [{ profile: 'nrf' }, undefined],
    [{ profile: 'nrf', status: 'passed' }, false],
  ])('%j: %s', (filters, answer) => {
    expect(matches(failed, { ...none, ...filters })).toBe(answer)
  })
  it('see the profiles of a run with its jobs', () => {
    const run = { ...failed, jobs: [{ profile: 'nrf' }] }
    expect(matches(run, { ...none, profile: 'nrf' })).toBe(true)
    expect(matches(run, { ...none, profile: 'esp' })).toBe(false)
  })
})

describe('a page', () => {
  const listed: RunJson[] = [{ id: 'r9', state: 'RUN_STATE_RUNNING' }, { id: 'r8', state: 'RUN_STATE_ENDED', verdict: 'VERDICT_PASSED' }]
  const heard = new Map<string, RunJson>([
    ['r9', { id: 'r9', state: 'RUN_STATE_ENDED', verdict: 'VERDICT_FAILED' }],
    ['r8', { id: 'r8', state: 'RUN_STATE_RUNNING' }],
    ['r11', { id: 'r11', state: 'RUN_STATE_QUEUED' }], ['r7', failed],
  ])
  it('takes changes where it has the run, and never goes back', () => {
    const page = pageOf({ runs: listed, nextPageToken: 'r8' }, heard, none, true)
    expect(page.rows.map((run) => run.verdict)).toEqual(['VERDICT_FAILED', 'VERDICT_PASSED'])
    expect(page.fresh).toEqual(['r11']) // r7 is on the next page
    expect(page.surely).toBe(true)
  })
  it('that is not the first gets nothing new', () => {
    expect(pageOf({ runs: listed }, heard, none, false).fresh).toEqual([])
  })
  it('counts only what matches', () => {
    expect(pageOf({ runs: [] }, heard, { ...none, status: 'failed' }, true).fresh).toEqual(['r9', 'r7'])
    expect(pageOf({ runs: [] }, heard, { ...none, status: 'queued', profile: 'x' }, true)).toEqual({ rows: [], fresh: ['r11'], surely: false })
  })
  it('keeps fields that a change does not name', () => {
    expect(later({ id: 'r1', plan: 'p' }, { id: 'r1', state: 'RUN_STATE_RUNNING' })).toEqual({ id: 'r1', plan: 'p', state: 'RUN_STATE_RUNNING' })
  })
  it('remembers a thousand changes, the newest', () => {
    let map = new Map<string, RunJson>()
    for (let n = 0; n < 1001; ++n) map = hear(map, { id: `r${n}` })
    map = hear(map, { id: 'r1', plan: 'again' })
    expect([map.size, map.has('r0'), [...map.keys()].at(-1)]).toEqual([1000, false, 'r1'])
  })
  it('has a link that keeps the filter', () => {
    expect(pageLink(new URLSearchParams('plan=a&page_token=r5'), 'r3')).toBe('/runs?plan=a&page_token=r3')
    expect(pageLink(new URLSearchParams('page_token=r5'), '')).toBe('/runs')
  })
})

describe('choosing', () => {
  it('holds two, and a third takes the first one\'s place', () => {
    expect(choose([], 'r1')).toEqual(['r1'])
    expect(choose(['r1', 'r2'], 'r3')).toEqual(['r2', 'r3'])
    expect(choose(['r1', 'r2'], 'r1')).toEqual(['r2'])
  })
  it('compares the newer with the older', () => {
    expect(compareLink(['r12', 'r9'])).toBe('/compare?a=r9&b=r12')
    expect(compareLink(['r12'])).toBeUndefined()
  })
  it('believes only runs in the address', () => {
    expect(chosenOf(new URLSearchParams('chosen=r1,<b>,r22'))).toEqual(['r1', 'r22'])
  })
})

describe('everything that matches', () => {
  const lab = (total: number, asked: Query[]) => (query: Query) => {
    asked.push(query)
    const from = Number(query['page_token'] || total)
    const runs = Array.from({ length: Math.min(Number(query['page_size']), from) }, (_, n) => ({ id: `r${from - n}` }))
    const left = from - runs.length
    return Promise.resolve({ runs, ...(left > 0 ? { nextPageToken: String(left) } : {}) })
  }
  it('comes page after page', async () => {
    const asked: Query[] = []
    const said: number[] = []
    const { runs, more } = await everyRun(lab(2300, asked), { ...none, plan: 'p' }, 10_000, (n) => said.push(n))
    expect([runs.length, more, said]).toEqual([2300, false, [1000, 2000, 2300]])
    expect(asked.map((query) => [query['page_token'], query['plan']])).toEqual([['', 'p'], ['1300', 'p'], ['300', 'p']])
  })
  it('stops at the limit and says so', async () => {
    const { runs, more } = await everyRun(lab(5000, []), none, 1500, () => undefined)
    expect([runs.length, more]).toEqual([1500, true])
  })
})

it('times a run from its start', () => {
  expect(tookOf({ startedUnixMicros: '1000000', endedUnixMicros: '3500000' })).toBe(2.5)
  expect(tookOf({ startedUnixMicros: '1000000' })).toBeUndefined()
})

it('cuts hashes only', () => {
  expect(['1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d', 'v1.2.3-rc1', 'deadbeef'].map(shortRev)).toEqual(['1a2b3c4d5e', 'v1.2.3-rc1', 'deadbeef'])
})

it('moves by keys, not while one types', () => {
  const key = (name: string, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...more })
  expect(moveOf(key('j'), false, false)).toBe('next')
  expect(moveOf(key('j'), true, true)).toBeUndefined()
  expect(moveOf(key('j', { ctrlKey: true }), false, true)).toBeUndefined()
  expect(moveOf(key('ArrowDown'), false, false)).toBeUndefined()
  expect(moveOf(key('ArrowDown'), false, true)).toBe('next')
  expect([moved(-1, 1, 5), moved(0, -1, 5), moved(4, 1, 5), moved(2, 1, 5)]).toEqual([0, 0, 4, 3])
})
