import { cleanup, fireEvent, render, screen } from '@testing-library/preact'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Source } from '../src/data/source.ts'
import { Matrix } from '../src/pages/matrix.tsx'
import { beside, cellSentence, share, toggled } from '../src/pages/matrix_cells.ts'
import { SourceContext } from '../src/shell/load.tsx'
import { Router } from '../src/shell/router.tsx'
import { fakeSource } from './fake_source.ts'

beforeEach(() => history.replaceState(null, '', '/matrix?project=gateway'))
afterEach(cleanup)
const show = (source: Partial<Source>) => render(
  <SourceContext.Provider value={fakeSource(source)}><Router><Matrix /></Router></SourceContext.Provider>)

it('says how many of several runs', () => {
  expect(share({ run: 'r1', verdict: 'VERDICT_FAILED', passed: 1, failed: 2 })).toBe('2/3')
  expect(share({ run: 'r1', verdict: 'VERDICT_PASSED', passed: 1 })).toBe('')
  expect(cellSentence({ name: 'ota-revert' }, { rev: '1a2b3c' }, { run: 'r1', verdict: 'VERDICT_FAILED', passed: 1, failed: 2 }, true))
    .toBe('ota-revert on 1a2b3c: failed, 2 of 3 runs, the first bad build')
})

it('chooses two', () => {
  expect(toggled(['r1', 'r2'], 'r3')).toEqual(['r2', 'r3'])
  expect(toggled(['r1', 'r2'], 'r1')).toEqual(['r2'])
})

it('shows cells, marks the first bad build and compares two', async () => {
  show({
    matrix: () => Promise.resolve({
      builds: [{ rev: 'new' }, { rev: 'mid' }, { rev: 'old' }],
      rows: [{ name: 'ota-revert', firstBad: 1, cells: [
        { run: 'r3', verdict: 'VERDICT_FAILED', failed: 1 }, { run: 'r2', verdict: 'VERDICT_FAILED', failed: 1 },
        { run: 'r1', verdict: 'VERDICT_PASSED', passed: 1 }] }],
    }),
  })
  const bad = await screen.findByRole('link', { name: 'ota-revert on mid: failed, the first bad build' })
  expect(bad.getAttribute('href')).toBe('/runs/r2')
  fireEvent.click(screen.getByRole('button', { name: 'Compare two' }))
  fireEvent.click(screen.getByRole('button', { name: /on mid/ }))
  fireEvent.click(screen.getByRole('button', { name: /on old/ }))
  expect(screen.getByRole('link', { name: 'Compare r1 with r2' }).getAttribute('href')).toBe('/compare?a=r1&b=r2')
  expect(new URLSearchParams(location.search).get('chosen')).toBe('r2,r1')
})

it('goes among cells by arrows, over those without a run, and chooses with Shift', async () => {
  const filled = [[true, false, true], [false, true, true]]
  expect(beside(filled, { row: 0, column: 0 }, 'ArrowRight')).toEqual({ row: 0, column: 2 })
  expect(beside(filled, { row: 0, column: 0 }, 'ArrowDown')).toEqual({ row: 0, column: 0 })
  expect([beside(filled, { row: 1, column: 2 }, 'ArrowLeft'), beside(filled, { row: 1, column: 2 }, 'x')]).toEqual([{ row: 1, column: 1 }, undefined])
  show({ matrix: () => Promise.resolve({ builds: [{ rev: 'new' }, { rev: 'old' }], rows: [{ name: 'ota', firstBad: -1, cells: [
    { run: 'r2', verdict: 'VERDICT_PASSED' }, { run: 'r1', verdict: 'VERDICT_PASSED' }] }] }) })
  const first = await screen.findByRole('link', { name: 'ota on new: passed' })
  const second = screen.getByRole('link', { name: 'ota on old: passed' })
  expect([first.tabIndex, second.tabIndex]).toEqual([0, -1])
  first.focus()
  fireEvent.keyDown(first, { key: 'ArrowRight' })
  expect(document.activeElement).toBe(second)
  fireEvent.click(second, { shiftKey: true })
  expect(document.activeElement).toBe(await screen.findByRole('button', { name: 'ota on old: passed' }))
  fireEvent.keyDown(screen.getByRole('button', { name: 'ota on new: passed' }), { key: 'Enter', shiftKey: true })
  expect(await screen.findByRole('link', { name: 'Compare r1 with r2' })).toBeTruthy()
})

it('says what to type where there is no build', async () => {
  show({ matrix: () => Promise.resolve({}) })
  expect(await screen.findByText('No run of a build yet')).toBeTruthy()
})

it('marks the newest build too, whose number proto JSON leaves out, and none where there is none', async () => {
  const cells = [{ run: 'r2', verdict: 'VERDICT_FAILED' as const, failed: 1 }, { run: 'r1', verdict: 'VERDICT_PASSED' as const, passed: 1 }]
  show({ matrix: () => Promise.resolve({ builds: [{ rev: 'new' }, { rev: 'old' }], rows: [{ name: 'ota', cells }, { name: 'fine', firstBad: -1, cells }] }) })
  await screen.findByRole('link', { name: 'ota on new: failed, the first bad build' })
  screen.getByRole('link', { name: 'fine on new: failed' })
})
