import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/preact'
import { afterEach, describe, expect, it } from 'vitest'
import { failingSince, pointHref, pointTitle, pointWord, trend, values } from '../src/data/history.ts'
import { Failure, type Source } from '../src/data/source.ts'
import { Board } from '../src/pages/board.tsx'
import { Plan } from '../src/pages/plan.tsx'
import type { OverviewJson, HistoryJson, HistoryPointJson, RunChangeJson } from '../src/proto/assay/v1/web_pb.ts'
import { SourceContext } from '../src/shell/load.tsx'
import { Router } from '../src/shell/router.tsx'
import { fakeSource } from './fake_source.ts'

const point = (id: string, verdict: string, took = 2, more: HistoryPointJson = {}): HistoryPointJson => ({
  id, verdict: `VERDICT_${verdict}` as HistoryPointJson['verdict'] & string, took: `${took}s`, startedUnixMicros: '1764000000000000', ...more,
})

describe('a history', () => {
  it('links an attempt to its run', () => {
    expect(pointHref('r17')).toBe('/runs/r17')
    expect(pointHref('r17.1.2')).toBe('/runs/r17?attempt=r17.1.2')
  })

  it('knows since when it fails', () => {
    const p = (id: string, verdict: string) => point(id, verdict)
    expect(failingSince([])).toBeUndefined()
    expect(failingSince([p('r2', 'PASSED'), p('r1', 'FAILED')])).toBeUndefined()
    const bad = failingSince([p('r7', 'LAB_ERROR'), p('r6', 'FAILED'), p('r5', 'CANCELLED'), p('r4', 'FAILED'), p('r3', 'PASSED'), p('r2', 'FAILED')])
    expect([bad?.bad.id, bad?.good?.id, bad?.failures]).toEqual(['r4', 'r3', 2])
    const never = failingSince([p('r2', 'FAILED'), p('r1', 'FAILED')])
    expect([never?.bad.id, never?.good, never?.failures]).toEqual(['r1', undefined, 2])
  })

  it('draws the oldest first and keeps one that hung from flattening the rest', () => {
    const { dots, top, beyond } = trend([point('r3', 'FAILED', 300), point('r2', 'PASSED', 2), point('r1', 'PASSED', 1), { id: 'r0' }], 4)
    expect(dots.map((d) => [d.point.id, d.x, d.y, d.beyond])).toEqual([['r1', 0, 0.2, false], ['r2', 0.5, 0.4, false], ['r3', 1, 1, true]])
    expect([top, beyond]).toEqual([5, 1])
    expect(trend([point('r1', 'PASSED', 3)], 3)).toMatchObject({ top: 3, dots: [{ x: 0.5, y: 1, beyond: false }] })
    expect(trend([], 0)).toEqual({ dots: [], top: 1, beyond: 0 })
  })

  it('says what a point is', () => {
    expect(pointTitle(point('r9', 'FAILED', 2.306, { rev: 'abc', sentence: 'no prompt' }))).toBe('r9, abc: failed after 2.31 s. no prompt')
    expect(pointWord({ id: 'r9', startedUnixMicros: '5' })).toBe('running')
    expect(pointWord({ id: 'r9' })).toBe('queued')
    expect(values([{ ref: 'main' }, { ref: '' }, { ref: 'dev' }, { ref: 'main' }], 'ref')).toEqual(['main', 'dev'])
  })
})

const history: HistoryJson = {
  points: [
    point('r12', 'FAILED', 2.5, { plan: 'smoke', rev: 'b2', ref: 'main', sentence: 'the console never said "ready"' }),
    point('r11', 'PASSED', 2.1, { plan: 'smoke', rev: 'a1', ref: 'main' }),
    point('r10', 'LAB_ERROR', 0.4, { plan: 'smoke', rev: 'a1', ref: 'main', sentence: 'the probe was gone' }),
  ],
  stats: {
    passed: 1, failed: 1, labErrors: 1, passRate: 0.5, passLow: 0.0945, passHigh: 0.9055, buildsRepeated: 4, buildsFlaky: 1,
    labErrorRate: 1 / 3, tookMedian: '2.100s', tookP95: '2.500s',
  },
}

function show(page: 'plan' | 'board', given: Partial<Source>, query = '') {
  window.history.replaceState(null, '', `/${page}s/x${query}`)
  return render(
    <SourceContext.Provider value={fakeSource(given)}>
      <Router>{page === 'plan' ? <Plan id="smoke" /> : <Board id="nrf-1" />}</Router>
    </SourceContext.Provider>)
}
afterEach(cleanup)

describe('the page of a plan', () => {
  it('shows rates with their interval, and since when it fails', async () => {
    const { container } = show('plan', { planHistory: () => Promise.resolve(history) })
    await screen.findByText('50.0 %')
    expect(screen.getByText('1 of 2; 95 % interval 9.4 to 90.5 %')).toBeTruthy()
    expect(screen.getByText('1 of 4 builds tested twice passed and failed')).toBeTruthy()
    expect(screen.getByText('median; 95 % within 2.50 s')).toBeTruthy()
    expect(screen.getByText('Compare the two').getAttribute('href')).toBe('/compare?a=r11&b=r12')
    const table = within(screen.getByRole('table'))
    expect(table.getAllByRole('row').length).toBe(4)
    expect(table.getByRole('link', { name: 'r12' }).getAttribute('href')).toBe('/runs/r12')
    expect(container.querySelectorAll('.past-trend svg.past-dot').length).toBe(3)
    expect([...container.querySelectorAll('.past-strip a')].map((a) => a.textContent)).toEqual(['⚠', '✓', '✗'])
    // The picture is not in the way of the keyboard.
    expect([...container.querySelectorAll('.past-trend a, .past-strip a')].every((a) => a.getAttribute('tabindex') === '-1')).toBe(true)
  })

  it('asks with the filters of the address, and writes them there', async () => {
    const asked: unknown[] = []
    show('plan', { planHistory: (plan, query) => { asked.push([plan, query]); return Promise.resolve(history) } }, '?project=fw&limit=50&verdict=failed')
    await screen.findByText('50.0 %')
    expect(asked).toEqual([['smoke', { project: 'fw', ref: '', limit: '50' }]])
    expect(within(screen.getByRole('table')).getAllByRole('row').length).toBe(2)
    fireEvent.change(screen.getByLabelText('Branch or ref'), { target: { value: ' main ' } })
    await waitFor(() => expect(asked.length).toBe(2))
    expect(location.search).toBe('?project=fw&limit=50&verdict=failed&ref=main')
    expect(asked[1]).toEqual(['smoke', { project: 'fw', ref: 'main', limit: '50' }])
  })

  it('reads again when a run of it has ended', async () => {
    let say: (change: RunChangeJson) => void = () => undefined
    let asked = 0
    show('plan', {
      planHistory: () => { ++asked; return Promise.resolve(history) },
      liveRuns: (on) => { say = on.change; on.state('live'); return () => undefined },
    })
    await screen.findByText('50.0 %')
    say({ run: { plan: 'other', state: 'RUN_STATE_ENDED' } })
    say({ run: { plan: 'smoke', state: 'RUN_STATE_RUNNING' } })
    say({ run: { plan: 'smoke', state: 'RUN_STATE_ENDED' } })
    say({ run: { plan: 'smoke', state: 'RUN_STATE_ENDED' } })
    await waitFor(() => expect(asked).toBe(2), { timeout: 4000 })
  })

  it('has something to say without runs, and of one that is not there', async () => {
    show('plan', { planHistory: () => Promise.resolve({}) })
    await screen.findByText('No runs here')
    cleanup()
    show('plan', { planHistory: () => Promise.reject(new Failure(404, 'no plan "smoke"')) })
    await screen.findByText('no plan "smoke"')
  })
})

describe('the page of a board', () => {
  const board = { id: 'nrf-1', profile: 'nrf52840dk', agent: 'bench-2', state: 'leased', holder: 'r13.1.1', abilities: ['power', 'flash'], tags: ['rev-c'] }
  it('shows what it is, who holds it and what it bore', async () => {
    show('board', { boardHistory: () => Promise.resolve({ ...history, points: [point('r12.1.2', 'PASSED', 1, { plan: 'smoke' })], board, powerSwitches: '120', flashCycles: '7' }) })
    await screen.findByText('120')
    expect(screen.getByRole('link', { name: 'r13.1.1' }).getAttribute('href')).toBe('/runs/r13?attempt=r13.1.1')
    expect(screen.getByRole('link', { name: 'r12.1.2' }).getAttribute('href')).toBe('/runs/r12?attempt=r12.1.2')
    expect(screen.getByText('assay console nrf-1')).toBeTruthy()
    expect(screen.getByText("assay quarantine nrf-1 --why '…'")).toBeTruthy()
  })

  it('follows its state, and reads again when it was let go', async () => {
    let say: (overview: OverviewJson) => void = () => undefined
    let asked = 0
    show('board', {
      boardHistory: () => { ++asked; return Promise.resolve({ ...history, board }) },
      liveNow: (on) => { say = on.overview; return () => undefined },
    })
    await screen.findByText('leased')
    say({ boards: [board] })
    say({ boards: [{ ...board, state: 'quarantined', holder: '', reason: 'cable is loose' }] })
    await screen.findByText('cable is loose')
    expect(screen.getByText('assay restore nrf-1')).toBeTruthy()
    await waitFor(() => expect(asked).toBe(2))
  })
})
