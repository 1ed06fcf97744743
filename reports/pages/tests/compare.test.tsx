import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/preact'
import { afterEach, describe, expect, it } from 'vitest'
import type { Source } from '../src/data/source.ts'
import { Compare } from '../src/pages/compare.tsx'
import type { RunJson } from '../src/proto/assay/v1/orchestrator_pb.ts'
import type { TimelineJson } from '../src/proto/assay/v1/web_pb.ts'
import { SourceContext } from '../src/shell/load.tsx'
import { Router } from '../src/shell/router.tsx'
import { fakeSource } from './fake_source.ts'

const run = (id: string, red: boolean): RunJson => ({
  id, state: 'RUN_STATE_ENDED', verdict: red ? 'VERDICT_FAILED' : 'VERDICT_PASSED', plan: 'update', rev: red ? 'b2' : 'a1',
  sentence: red ? 'it runs the old image' : 'all steps passed', startedUnixMicros: '1764000000000000', endedUnixMicros: '1764000004000000',
  artifacts: [{ name: 'base', sha256: 'aa', size: '10' }, { name: 'next', sha256: red ? 'cc' : 'bb', size: '20' }],
  jobs: [{
    id: `${id}.1`, profile: 'virtual', state: 'RUN_STATE_ENDED', verdict: red ? 'VERDICT_FAILED' : 'VERDICT_PASSED', sentence: red ? 'it runs the old image' : '',
    attempts: [{
      id: `${id}.1.1`, agent: 'bench', boards: { dut: red ? 'v2' : 'v1' }, environment: { qemu: '7.2' },
      steps: [
        { index: 0, text: 'flash base', state: 'STEP_STATE_PASSED', took: '1s' },
        { index: 1, text: 'update', state: 'STEP_STATE_PASSED', took: red ? '3s' : '1s' },
        { index: 2, text: 'assert running', state: red ? 'STEP_STATE_FAILED' : 'STEP_STATE_PASSED', took: '0.5s',
          findings: [{ channel: 'smp', expected: '2.0.0', observed: red ? '1.0.0' : '2.0.0', says: red ? 'SAYS_DISAGREES' : 'SAYS_AGREES' }] },
      ],
    }],
  }],
})
const timeline: TimelineJson = {
  marks: [
    { kind: 'KIND_STEP', at: '0.1s', lines: {} },
    { kind: 'KIND_STEP', step: 1, at: '1s', lines: { dut: '2' } },
    { kind: 'KIND_STEP', step: 2, at: '2s', lines: { dut: '4' } },
  ],
}
const said: Record<string, string[]> = {
  'r1.1.1': ['[00:00:00.010,000] boot', 'ready', 'swap', 'done', 'version 2.0.0'],
  'r2.1.1': ['[00:00:00.012,000] boot', 'ready', 'swap', 'done', 'version 1.0.0', 'reverted'],
}
const asked: string[] = []
const source = (more: Partial<Source> = {}) => fakeSource({
  run: (id) => Promise.resolve(run(id, id === 'r2')),
  baseline: (id) => Promise.resolve(id === 'r2' ? { run: { id: 'r1' } } : {}),
  timeline: (attempt) => { asked.push(`timeline ${attempt}`); return Promise.resolve(timeline) },
  lines: (attempt, _, from) => Promise.resolve({ from: String(from), total: String(said[attempt]?.length ?? 0), lines: (said[attempt] ?? []).slice(from).map((text) => ({ text })) }),
  artifact: (sha256) => Promise.resolve({ sha256, format: 'mcuboot', facts: [{ name: 'version', value: sha256 === 'bb' ? '2.0.0' : '2.0.1' }, { name: 'load', value: '0x0' }] }),
  ...more,
})
function show(query: string, more: Partial<Source> = {}) {
  asked.length = 0
  history.replaceState(null, '', `/compare${query}`)
  return render(<SourceContext.Provider value={source(more)}><Router><Compare /></Router></SourceContext.Provider>)
}
afterEach(cleanup)
window.scrollTo = () => undefined // jsdom has none

describe('comparing two runs', () => {
  it('shows what differs and nothing else', async () => {
    const { container } = show('?a=r1&b=r2')
    await screen.findByText('version 1.0.0')
    const sides = container.querySelectorAll('.cmp-side')
    expect(sides[0]?.textContent).toContain('all steps passed')
    expect(sides[1]?.textContent).toContain('it runs the old image')
    // Images
    expect(screen.getByText(/The same bytes in both/).textContent).toBe('The same bytes in both: base')
    const facts = screen.getAllByRole('table')[0]
    expect([...facts?.querySelectorAll('tbody tr') ?? []].map((row) => row.textContent)).toEqual(['SHA-256bbcc', 'version2.0.02.0.1'])
    // Steps: the slower one and the failed one
    const rows = [...container.querySelectorAll('.cmp-steps tbody tr')].map((row) => row.textContent)
    expect(rows[0]).toContain('update')
    expect(rows[0]).toContain('▲ +2.00 s')
    expect(rows[1]).toContain('assert running')
    expect(rows[2]).toContain('smp ✗ disagrees, expected 2.0.0, saw 1.0.0')
    expect(screen.getByText('One other step does not differ.')).toBeTruthy()
    // Surroundings
    expect(screen.getByText('board dut').closest('tr')?.textContent).toBe('board dutv1v2')
    // Consoles: only the part that differs is open
    const parts = [...container.querySelectorAll<HTMLDetailsElement>('.cmp-console')]
    expect(parts.map((part) => [part.querySelector('summary')?.textContent, part.open])).toEqual([
      ['flash base the same, 2 lines', false], ['update the same, 2 lines', false], ['assert running +2 −1', true]])
    expect([...container.querySelectorAll('.diff .diff-line')].map((line) => line.textContent)).toEqual(['5−version 2.0.0', '5+version 1.0.0', '6+reverted'])
  })

  it('reads a job only when it is opened', async () => {
    const two = (id: string): RunJson => ({ id, jobs: [{ id: `${id}.1`, profile: 'p', attempts: [{ id: `${id}.1.1` }] }, { id: `${id}.2`, profile: 'q', attempts: [{ id: `${id}.2.1` }] }] })
    const { container } = show('?a=r1&b=r2', { run: (id) => Promise.resolve(two(id)) })
    await screen.findByText('0 of 2 differ')
    expect(asked).toEqual([])
    const job = container.querySelector<HTMLDetailsElement>('.cmp-job')
    if (job) job.open = true
    await waitFor(() => expect(asked).toEqual(['timeline r1.1.1', 'timeline r2.1.1']))
  })

  it('takes other runs by its inputs, and swaps them', async () => {
    show('?a=r1&b=r2')
    fireEvent.input(screen.getByLabelText('with this one'), { target: { value: ' r3 ' } })
    fireEvent.click(screen.getByRole('button', { name: 'Compare' }))
    await screen.findByRole('heading', { level: 1, name: 'Compare r1 with r3' })
    expect(location.search).toBe('?a=r1&b=r3')
    fireEvent.click(screen.getByRole('button', { name: 'Swap' }))
    expect(location.search).toBe('?a=r3&b=r1')
  })

  it('offers the last run that passed when only one is named', async () => {
    show('?b=r2')
    expect((await screen.findByRole('link', { name: 'r1' })).getAttribute('href')).toBe('/compare?a=r1&b=r2')
    cleanup()
    show('?b=r1')
    await screen.findByText(/No earlier run of the same plan passed/)
    cleanup()
    show('')
    await screen.findByText('Two runs, side by side')
  })

  it('shows all steps when asked to', async () => {
    const { container } = show('?a=r1&b=r2')
    await screen.findByText('version 1.0.0')
    fireEvent.click(screen.getByLabelText(/Steps that do not differ/))
    await waitFor(() => expect(within(container.querySelector<HTMLElement>('.cmp-steps') ?? document.body).getByText('flash base')).toBeTruthy())
    expect(location.search).toBe('?a=r1&b=r2&all=1')
  })
})
