// The run page over a source that a test fills in.
import { cleanup, fireEvent, render, screen } from '@testing-library/preact'
import { afterEach, expect, it, vi } from 'vitest'
import type { RunLive } from '../../src/data/source.ts'
import { RunPage } from '../../src/pages/run.tsx'
import { rowHeight } from '../../src/pages/run/rows.ts'
import type { RunJson } from '../../src/proto/assay/v1/orchestrator_pb.ts'
import { SourceContext } from '../../src/shell/load.tsx'
import { Router } from '../../src/shell/router.tsx'
import { fakeSource } from '../fake_source.ts'

const said = Array.from({ length: 30 }, (_, i) => ({ text: `said ${i}`, at: `${i / 10}s` }))
const run: RunJson = {
  id: 'r1', plan: 'p', state: 'RUN_STATE_ENDED', verdict: 'VERDICT_FAILED', sentence: 'no app.ready', jobs: [{
    id: 'r1.1', profile: 'virtual', verdict: 'VERDICT_FAILED', state: 'RUN_STATE_ENDED', attempts: [{
      id: 'r1.1.1', state: 'RUN_STATE_ENDED', verdict: 'VERDICT_FAILED', boards: { dut: 'v-1' }, steps: [
        { id: 'a', text: 'power: cycle', state: 'STEP_STATE_PASSED', took: '1s' },
        { index: 1, id: 'b', text: 'expect: app.ready', state: 'STEP_STATE_FAILED', startedAt: '1s', took: '2s', sentence: 'it was not seen', findings: [
          { channel: 'console', expected: 'app.ready', observed: 'nothing', says: 'SAYS_DISAGREES' }, { channel: 'smp', expected: 'x', observed: 'y', says: 'SAYS_CANNOT_TELL' }] }] }] }],
}
const timeline = { attempt: 'r1.1.1', length: '3s', ended: true, activity: [{ role: 'dut', bytes: [1, 2], span: '1s' }], marks: [
  { at: '0s', kind: 'KIND_STEP' as const, lines: { dut: '0' } }, { at: '1s', kind: 'KIND_STEP' as const, step: 1, lines: { dut: '10' } }] }
const given = {
  run: () => Promise.resolve(run),
  timeline: () => Promise.resolve(timeline),
  lines: (_attempt: string, _role: string, from: number, count: number) =>
    Promise.resolve({ from: String(from), lines: said.slice(from, from + count), total: '30', bytes: '300', ended: true }),
}
const show = (source = fakeSource(given)) =>
  render(<SourceContext.Provider value={source}><Router><RunPage id="r1" /></Router></SourceContext.Provider>)

Element.prototype.scrollIntoView = () => undefined
afterEach(() => {
  cleanup()
  history.replaceState(null, '', '/')
})
const chosenLines = () => [...document.querySelectorAll('.row.chosen .no')].map((one) => one.textContent)

it('says the verdict and opens what failed, channel by channel', async () => {
  show()
  expect((await screen.findByRole('heading', { level: 1 })).textContent).toBe('no app.ready')
  expect([...document.querySelectorAll('.findings tbody tr')].map((row) => row.textContent)).toEqual(['consoleapp.readynothing✗ disagrees', 'smpxy? cannot tell'])
})
it("shows a step's lines in the console", async () => {
  show()
  await screen.findByText('said 5')
  fireEvent.click(screen.getByRole('button', { name: 'Show in the console' }))
  await vi.waitFor(() => expect(chosenLines()).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 11))))
  expect(location.hash).toBe('#dut-L11-L30')
})
it("moves the console to the chosen step's lines, and its address says only the step", async () => {
  history.replaceState(null, '', '/runs/r1#dut-L3')
  show()
  await vi.waitFor(() => expect(chosenLines()).toEqual(['3']))
  fireEvent.click(screen.getByRole('button', { name: /expect: app.ready/, expanded: true }))
  await vi.waitFor(() => expect(chosenLines()).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 11))))
  expect(location.search + location.hash).toBe('?step=1')
  // Its first line is the 13th row, behind two marks: eight rows above it stay in view.
  expect(document.querySelector('.lines')?.scrollTop).toBe(4 * rowHeight)
})
it('goes to the lines of an address, and Shift makes more of them', async () => {
  history.replaceState(null, '', '/runs/r1#dut-L3')
  show()
  await vi.waitFor(() => expect(chosenLines()).toEqual(['3']))
  fireEvent.click(screen.getByRole('link', { name: 'Line 5' }), { shiftKey: true })
  await vi.waitFor(() => expect(chosenLines()).toEqual(['3', '4', '5']))
})
it('shows lines as they come', async () => {
  let on: RunLive | undefined
  const first: RunJson = { ...run, state: 'RUN_STATE_RUNNING', jobs: [{ id: 'r1.1', state: 'RUN_STATE_RUNNING', attempts: [{ id: 'r1.1.1', state: 'RUN_STATE_RUNNING', boards: { dut: 'v-1' } }] }] }
  delete first.verdict
  show(fakeSource({ ...given, run: () => Promise.resolve(first), why: () => Promise.resolve({}), liveRun: (_, live) => { on = live; return () => undefined } }))
  await screen.findByText('said 29')
  on?.lines({ attempt: 'r1.1.1', role: 'dut', from: '30', lines: [{ text: 'hal', open: true }], total: '31' })
  await screen.findByText('hal')
  on?.lines({ attempt: 'r1.1.1', role: 'dut', from: '30', lines: [{ text: 'half' }], total: '31' })
  await screen.findByText('half')
  expect(screen.queryByText('hal')).toBeNull()
  on?.run({ run })
  await vi.waitFor(() => expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('no app.ready'))
})
