// Where things are: rows of a console, times on a strip, what an address means.
import { expect, it } from 'vitest'
import { packed, panned, ticks, tickText, within, zoomed } from '../../src/pages/run/axis.ts'
import { chosen, hashOf, linesOf, rolesOf, stepOf } from '../../src/pages/run/choice.ts'
import { between, moved, nextMatch, printed } from '../../src/pages/run/console_view.ts'
import { changes } from '../../src/pages/run/facts.ts'
import { lanesOf } from '../../src/pages/run/lanes.ts'
import { powerOnBefore, rowHeight, rowMarks, Rows, scale, stepLines } from '../../src/pages/run/rows.ts'
import { attemptsSentence, verdictSentence } from '../../src/pages/run/words.ts'
import type { MarkJson } from '../../src/proto/assay/v1/web_pb.ts'

const marks: MarkJson[] = [
  { at: '0.1s', kind: 'KIND_POWER_ON', role: 'dut', lines: { dut: '0' } },
  { at: '0.2s', kind: 'KIND_STEP', lines: { dut: '0' } },
  { at: '0.5s', kind: 'KIND_NOTE', text: 'n' },
  { at: '1s', kind: 'KIND_POWER_ON', role: 'dut', lines: { dut: '3' } },
  { at: '1s', kind: 'KIND_RESET', role: 'peer', lines: { dut: '3' } },
  { at: '2s', kind: 'KIND_STEP', step: 1, lines: { dut: '3' } },
  { at: '9s', kind: 'KIND_STEP', step: 2, lines: { dut: '99' } },
]
it('puts marks between lines', () => {
  const own = rowMarks(marks, 'dut')
  expect(own.map((one) => one.line)).toEqual([0, 0, 3, 3, 99])
  const rows = new Rows(5, own)
  expect(rows.count).toBe(10)
  const shown = Array.from({ length: 10 }, (_, row) => { const at = rows.at(row); return at.mark ? (at.mark.kind ?? '').slice(5) : at.line })
  expect(shown).toEqual(['POWER_ON', 'STEP', 0, 1, 2, 'POWER_ON', 'STEP', 3, 4, 'STEP'])
  for (let line = 0; line < 5; ++line) expect(rows.at(rows.of(line))).toEqual({ line })
  expect([0, 2, 3].map((line) => powerOnBefore(own, line))).toEqual([0.1, 0.1, 1])
  expect(stepLines(own, 0, 5)).toEqual({ from: 0, to: 3 })
  expect(stepLines(own, 1, 5)).toEqual({ from: 3, to: 99 })
  expect(stepLines(own, 7, 5)).toBeUndefined()
})
it('scrolls what no browser makes as long', () => {
  const small = scale(100, 400)
  expect([small.height, small.scaled, small.toScroll(10), small.toTop(200)]).toEqual([2000, false, 200, 10])
  const large = scale(3_000_000, 400)
  expect([large.height, large.scaled, large.last]).toEqual([8_000_000, true, 3_000_000 - 400 / rowHeight])
  expect(large.toTop(large.height - 400)).toBe(large.last)
  for (const top of [0, 1, 1_234_567, large.last]) expect(large.toTop(large.toScroll(top))).toBeCloseTo(top, 5)
})
it('reads addresses', () => {
  expect(linesOf('dut-L12')).toEqual({ role: 'dut', from: 11, to: 11 })
  expect(linesOf('my-dut-L20-L10')).toEqual({ role: 'my-dut', from: 9, to: 19 })
  expect(linesOf('dut-L5-9')).toEqual({ role: 'dut', from: 4, to: 8 })
  expect([linesOf(''), linesOf('main'), linesOf('%-L1')?.role]).toEqual([undefined, undefined, '%'])
  for (const at of [{ role: 'a b/ü-L3', from: 4, to: 9 }, { role: 'dut', from: 0, to: 0 }]) expect(linesOf(hashOf(at))).toEqual(at)
  expect(['3', '-1', 'x', '1e3'].map((text) => stepOf(new URLSearchParams({ step: text })))).toEqual([3, undefined, undefined, undefined])
})
it('chooses the attempt that decided', () => {
  const run = { jobs: [
    { id: 'r1.1', verdict: 'VERDICT_PASSED' as const, attempts: [{ id: 'r1.1.1' }] },
    { id: 'r1.2', verdict: 'VERDICT_LAB_ERROR' as const, attempts: [{ id: 'r1.2.1' }] },
    { id: 'r1.3', verdict: 'VERDICT_FAILED' as const, attempts: [{ id: 'r1.3.1' }, { id: 'r1.3.2' }] },
    { id: 'r1.4', verdict: 'VERDICT_FAILED' as const, attempts: [{ id: 'r1.4.1' }] }] }
  expect(chosen(run, null)?.attempt?.id).toBe('r1.3.2')
  expect(chosen(run, 'r1.3.1')?.attempt?.id).toBe('r1.3.1')
  expect(chosen(run, 'r1.2')?.attempt?.id).toBe('r1.2.1')
  expect(chosen(run, 'r9.9.9')?.attempt?.id).toBe('r1.3.2')
  expect(chosen({}, null)).toBeUndefined()
  expect(rolesOf({ boards: { peer: 'b', dut: 'a' } }, ['dut', 'log', undefined])).toEqual(['dut', 'peer', 'log'])
})
it('moves a console', () => {
  expect([nextMatch([3, 9], 3, false), nextMatch([3, 9], 9, false), nextMatch([3, 9], 3, true), nextMatch([], 3, true)]).toEqual([9, 3, 9, undefined])
  expect(['ArrowDown', 'PageUp', 'Home', 'End', 'x'].map((key) => moved(key, 50, 20, 99))).toEqual([51, 31, 0, 98, undefined])
  expect([moved('ArrowUp', 0, 20, 99), moved('PageDown', 90, 20, 99), moved('PageDown', 3, 1, 99)]).toEqual([0, 98, 4])
  expect([between('dut', 5, 9), between('dut', 5, 2)]).toEqual([{ role: 'dut', from: 5, to: 9 }, { role: 'dut', from: 2, to: 5 }])
})
it('prints the end of what is chosen, or of all', () => {
  expect(printed(undefined, 30)).toEqual({ from: 0, to: 30, of: 30 })
  expect(printed(undefined, 1030)).toEqual({ from: 930, to: 1030, of: 1030 })
  expect(printed({ role: 'dut', from: 10, to: 12 }, 1030)).toEqual({ from: 10, to: 13, of: 3 })
  expect(printed({ role: 'dut', from: 10, to: Infinity }, 1030)).toEqual({ from: 530, to: 1030, of: 1020 })
})
it('zooms within the attempt', () => {
  expect(within({ from: -1, to: 3 }, 10)).toEqual({ from: 0, to: 4 })
  expect(panned({ from: 6, to: 8 }, 10, 5)).toEqual({ from: 8, to: 10 })
  expect(zoomed({ from: 0, to: 10 }, 10, 2, 5)).toEqual({ from: 2.5, to: 7.5 })
  expect(zoomed({ from: 2, to: 4 }, 10, 0.01, 3)).toEqual({ from: 0, to: 10 })
  const all = ticks({ from: 0, to: 10 }, 900)
  expect(all.map((at) => tickText(at, all))).toEqual(['0 s', '1 s', '2 s', '3 s', '4 s', '5 s', '6 s', '7 s', '8 s', '9 s', '10 s'])
  const fine = ticks({ from: 1, to: 1.01 }, 900)
  expect(fine.length).toBeLessThan(15)
  expect(tickText(fine[1] ?? 0, fine)).toBe('1.002 s')
  expect(tickText(3725, [3720, 3780])).toBe('1:02:05')
  expect(packed([{ from: 0, to: 2 }, { from: 1, to: 3 }, { from: 2, to: 4 }, { from: 2.5, to: 5 }], 2)).toEqual([0, 1, 0, 1])
})
it('lays out one step, none and 2,000', () => {
  expect(lanesOf([], undefined)).toMatchObject({ length: 0.01, rows: 0, bars: [] })
  const one = lanesOf([{ startedAt: '1s', took: '2s', state: 'STEP_STATE_PASSED' }], { length: '4s', marks })
  expect(one).toMatchObject({ length: 4, rows: 1, waterfall: true, bars: [{ from: 1, to: 3, row: 0 }] })
  expect(one.power.map((lane) => [lane.role, lane.on])).toEqual([['dut', [{ from: 0.1, to: 4 }]], ['peer', []]])
  const many = lanesOf(Array.from({ length: 2000 }, (_, i) => ({ index: i, startedAt: `${i}s`, took: '1s', state: 'STEP_STATE_PASSED' as const })), undefined)
  expect([many.bars.length, many.rows, many.waterfall, many.length]).toEqual([2000, 1, false, 2000])
})
it('says what differs', () => {
  expect(changes([['a', '1'], ['b', '2'], ['c', '3']], [['a', '1'], ['b', '9'], ['d', '4']])).toEqual([
    { name: 'a', now: '1', before: undefined }, { name: 'b', now: '2', before: '9' }, { name: 'c', now: '3', before: '' }, { name: 'd', now: undefined, before: '4' }])
  expect(changes([['a', '1']], undefined)).toEqual([{ name: 'a', now: '1', before: undefined }])
})
it('says the verdict in one sentence', () => {
  expect(verdictSentence({ plan: 'p', rev: 'abc', state: 'RUN_STATE_ENDED', verdict: 'VERDICT_PASSED', jobs: [{}, { attempts: [{}, {}] }], startedUnixMicros: '1000000', endedUnixMicros: '13300000' }))
    .toBe('p passed on abc: 2 jobs in 12.3 s, 1 after another attempt')
  expect(verdictSentence({ plan: 'p', verdict: 'VERDICT_FAILED', state: 'RUN_STATE_ENDED', sentence: 'why' })).toBe('why')
  expect(verdictSentence({ plan: 'p', verdict: 'VERDICT_FAILED', state: 'RUN_STATE_ENDED' })).toBe('p: failed')
  expect(verdictSentence({ plan: 'p', state: 'RUN_STATE_RUNNING', jobs: [{ state: 'RUN_STATE_ENDED' }, {}] })).toBe('p runs: 1 of 2 jobs ended')
  expect(attemptsSentence([{ verdict: 'VERDICT_LAB_ERROR', sentence: 'no probe' }, { verdict: 'VERDICT_PASSED', sentence: 'x' }])).toBe('attempt 1 lab-error: no probe; attempt 2 passed')
})
