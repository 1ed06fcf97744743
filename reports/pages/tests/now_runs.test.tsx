import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/preact'
import { act } from 'preact/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { Failure, type Query, type Source } from '../src/data/source.ts'
import { Now } from '../src/pages/now.tsx'
import { Runs } from '../src/pages/runs.tsx'
import type { RunJson } from '../src/proto/assay/v1/orchestrator_pb.ts'
import { SourceContext } from '../src/shell/load.tsx'
import { Router } from '../src/shell/router.tsx'
import { fakeSource } from './fake_source.ts'

afterEach(() => {
  cleanup()
  vi.useRealTimers()
  vi.restoreAllMocks()
  history.replaceState(null, '', '/')
})
type NowLive = Parameters<Source['liveNow']>[0]
type RunsLive = Parameters<Source['liveRuns']>[0]

const show = (source: Source, page: preact.VNode) =>
  render(<SourceContext.Provider value={source}><Router>{page}</Router></SourceContext.Provider>)

function showNow() {
  const on: NowLive[] = []
  const shown = show(fakeSource({ liveNow: (given) => { on.push(given); return () => undefined } }), <Now />)
  const live = on[0]
  if (!live) throw new Error('Now did not listen')
  return { ...shown, live }
}

it('Now says what to type while nothing is there', async () => {
  const { live } = showNow()
  screen.getByText('Loading what runs…')
  await act(() => live.overview({}))
  screen.getByText('assay up')
  screen.getByText('assay run ota-revert')
})

it('Now shows alerts, what runs where, what waits and why', async () => {
  vi.useFakeTimers({ now: 1_000_000_000_000 })
  const { live, container } = showNow()
  await act(() => {
    live.state('live')
    live.overview({
      unixMicros: '1000000060000000', // assayd's clock is a minute ahead
      running: [{
        id: 'r5', state: 'RUN_STATE_RUNNING', plan: 'ota-<b>', rev: 'v1', startedUnixMicros: '1000000050000000',
        jobs: [{ id: 'r5.1', attempts: [{ id: 'r5.1.1', state: 'RUN_STATE_RUNNING', agent: 'lab', boards: { dut: 'v-1' } }] }],
      }],
      waiting: [{ run: { id: 'r6', plan: 'p' }, job: 'r6.1', profile: 'nrf', reason: 'waits: board nrf-1 is leased, by r5' }],
      boards: [{ id: 'v-1', agent: 'lab', state: 'leased', holder: 'r5.1.1' }, { id: 'nrf-2', agent: 'lab', state: 'quarantined', reason: 'worn' }],
      agents: [{ id: 'lab', state: 'connected' }],
      alerts: [{ kind: 'KIND_BOARD_QUARANTINED', subject: 'nrf-2', sentence: 'is quarantined: worn' }],
      runningTotal: 3, waitingTotal: 1, boardsTotal: 2,
    })
  })
  const alerts = within(screen.getByRole('status', { name: 'Alerts' }))
  expect(alerts.getByRole('link').getAttribute('href')).toBe('/boards/nrf-2')
  const running = within(screen.getByRole('region', { name: 'Running' }))
  expect(running.getByRole('link', { name: 'r5' }).getAttribute('href')).toBe('/runs/r5')
  expect(running.getByText('ota-<b>').closest('a')?.getAttribute('href')).toBe('/plans/ota-%3Cb%3E')
  expect(running.getByRole('timer').textContent).toBe('10 s')
  running.getByText(/and 2 more/)
  within(screen.getByRole('region', { name: 'Waiting' })).getByText('waits: board nrf-1 is leased, by r5')
  expect(screen.getByRole('link', { name: 'held by r5.1.1' }).getAttribute('href')).toBe('/runs/r5')
  expect(container.querySelector('.cell.quarantined')?.getAttribute('title')).toBe('nrf-2, , quarantined: worn')
  await act(() => { vi.advanceTimersByTime(3000) })
  expect(running.getByRole('timer').textContent).toBe('13 s')
  // Nobody says any more that it goes on: the clock stands, and the time is named.
  await act(() => live.state('lost'))
  await act(() => { vi.advanceTimersByTime(5000) })
  expect(running.getByRole('timer').textContent).toBe('10 s')
  screen.getByText('as of', { exact: false })
  expect(container.querySelector('.dated')).not.toBeNull()
})

it('Now says who has leased a board and for how much longer', async () => {
  vi.useFakeTimers({ now: 1_000_000_000_000 })
  const { live } = showNow()
  await act(() => {
    live.overview({
      unixMicros: '1000000060000000', // assayd's clock is a minute ahead
      boards: [{ id: 'v-1', agent: 'lab', state: 'leased', lease: 'r5', person: 'ann@desk', leaseUntilUnixMicros: '1000000180000000' }],
      agents: [{ id: 'lab', state: 'connected' }],
    })
  })
  const who = screen.getByRole('link', { name: 'leased by ann@desk' })
  expect(who.getAttribute('href')).toBe('/runs/r5')
  const left = () => who.closest('li')?.querySelector('time.left')?.textContent
  expect(left()).toBe('2 min 0 s left')
  await act(() => { vi.advanceTimersByTime(61_000) })
  expect(left()).toBe('59 s left')
  await act(() => { vi.advanceTimersByTime(60_000) })
  expect(left()).toBe('over')
})

it('Now without an answer says how to start assayd', async () => {
  const { live } = showNow()
  await act(() => live.state('lost'))
  screen.getByText('assayd does not answer')
})

function showRuns(pages: (query: Query) => RunJson[], more: Partial<Source> = {}) {
  const asked: Query[] = []
  const on: RunsLive[] = []
  const shown = show(fakeSource({
    runs: (query) => {
      asked.push(query)
      const runs = pages(query)
      return Promise.resolve(query['page_token'] === '' && runs.length > 1 ? { runs, nextPageToken: runs.at(-1)?.id ?? '' } : { runs })
    },
    plans: () => Promise.resolve({}),
    boards: () => Promise.resolve([]),
    liveRuns: (given) => { on.push(given); return () => undefined },
    ...more,
  }), <Runs />)
  const live = on[0]
  if (!live) throw new Error('Runs did not listen')
  return { ...shown, live, asked }
}
const two: RunJson[] = [
  { id: 'r9', state: 'RUN_STATE_RUNNING', plan: 'ota', sentence: '' },
  { id: 'r8', state: 'RUN_STATE_ENDED', verdict: 'VERDICT_PASSED', plan: 'boot', sentence: 'all passed' },
]

it('Runs reads its filter from the address and writes it there', async () => {
  history.replaceState(null, '', '/runs?project=lamp&page_token=r10')
  const { asked } = showRuns(() => two)
  await screen.findByRole('link', { name: 'r9' })
  expect(asked[0]).toMatchObject({ project: 'lamp', page_token: 'r10', page_size: 50, text: '' })
  expect(screen.getByText('« Newest').getAttribute('href')).toBe('/runs?project=lamp')
  const length = history.length
  fireEvent.input(screen.getByLabelText('Text'), { target: { value: ' revert ' } })
  await waitFor(() => expect(location.search).toBe('?project=lamp&text=revert'))
  await waitFor(() => expect(asked.at(-1)).toMatchObject({ project: 'lamp', page_token: '', text: 'revert' }))
  expect(history.length).toBe(length)
  expect((screen.getByLabelText<HTMLInputElement>('Text')).value).toBe(' revert ')
  fireEvent.change(screen.getByLabelText('Verdict'), { target: { value: 'failed' } })
  await waitFor(() => expect(asked.at(-1)).toMatchObject({ status: 'failed' }))
})

it('Runs changes rows where they stand, and announces new ones', async () => {
  history.replaceState(null, '', '/runs')
  let listed = two
  const { live, container, asked } = showRuns(() => listed)
  await screen.findByRole('link', { name: 'r9' })
  expect(screen.getByText('Older ›').getAttribute('href')).toBe('/runs?page_token=r8')
  live.change({ run: { id: 'r9', state: 'RUN_STATE_ENDED', verdict: 'VERDICT_FAILED', plan: 'ota', sentence: 'step 3 failed' } })
  live.change({ run: { id: 'r10', state: 'RUN_STATE_QUEUED', plan: 'ota' } })
  const button = await screen.findByRole('button', { name: '1 new run' })
  screen.getByText('step 3 failed')
  expect([...container.querySelectorAll('tbody a.run-id')].map((link) => link.textContent)).toEqual(['r9', 'r8'])
  listed = [{ id: 'r10', state: 'RUN_STATE_QUEUED', plan: 'ota' }, ...two]
  fireEvent.click(button)
  await screen.findByRole('link', { name: 'r10' })
  expect(screen.queryByRole('button', { name: /new run/ })).toBeNull()
  const before = asked.length
  // Whatever happened while there was no connection is asked for.
  await act(() => live.state('lost'))
  screen.getByText('as of', { exact: false })
  await act(() => live.state('live'))
  expect(asked.length).toBe(before + 1)
})

it('Runs can be walked, chosen and compared by keys', async () => {
  history.replaceState(null, '', '/runs')
  showRuns(() => two)
  await screen.findByRole('link', { name: 'r9' })
  const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key })
  press('j')
  expect(document.activeElement?.textContent).toBe('r9')
  press('x')
  await screen.findByText('r9 chosen; choose another to compare them')
  press('ArrowDown')
  expect(document.activeElement?.textContent).toBe('r8')
  press('x')
  expect((await screen.findByRole('link', { name: 'Compare' })).getAttribute('href')).toBe('/compare?a=r8&b=r9')
  expect(location.search).toBe('?chosen=r9%2Cr8')
  press('/')
  expect(document.activeElement).toBe(screen.getByLabelText('Text'))
  press('k')
  expect(document.activeElement).toBe(screen.getByLabelText('Text'))
})

it('Runs explains what was asked wrongly', async () => {
  history.replaceState(null, '', '/runs?status=bogus')
  showRuns(() => two, { runs: () => Promise.reject(new Failure(400, "status 'bogus' is none of passed, failed")) })
  within(await screen.findByRole('alert')).getByText("status 'bogus' is none of passed, failed")
  expect((screen.getByLabelText<HTMLSelectElement>('Verdict')).value).toBe('bogus')
})

it('Runs says what to do when there are none', async () => {
  history.replaceState(null, '', '/runs?plan=x')
  showRuns(() => [])
  await screen.findByText('No run matches')
  cleanup()
  history.replaceState(null, '', '/runs')
  showRuns(() => [])
  await screen.findByText('Nothing has run yet')
})

const textOf = (blob: Blob | undefined) => new Promise<string>((done) => {
  const reader = new FileReader()
  reader.onload = () => done(typeof reader.result === 'string' ? reader.result : '')
  if (blob) reader.readAsText(blob)
})
it('Runs saves everything that matches', async () => {
  history.replaceState(null, '', '/runs?plan=ota')
  const saved: Blob[] = []
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: (blob: Blob) => { saved.push(blob); return 'blob:x' }, revokeObjectURL: () => undefined }))
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined) // jsdom cannot save
  const { asked } = showRuns((query) => (query['page_token'] === '' ? two : [{ id: 'r7', plan: 'ota' }]))
  await screen.findByRole('link', { name: 'r9' })
  fireEvent.click(screen.getByRole('button', { name: 'All matching runs as JSON' }))
  await screen.findByText('3 runs saved')
  expect((JSON.parse(await textOf(saved[0])) as RunJson[]).map((run) => run.id)).toEqual(['r9', 'r8', 'r7'])
  expect(asked.at(-1)).toMatchObject({ plan: 'ota', page_token: 'r8', page_size: 1000 })
})
