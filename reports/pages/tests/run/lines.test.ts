import { expect, it, vi } from 'vitest'
import { blockSize, Consoles, LineStore } from '../../src/pages/run/lines.ts'
import type { ConsoleLinesJson } from '../../src/proto/assay/v1/web_pb.ts'

const settled = () => new Promise((done) => setTimeout(done))
function board(total: number) {
  return vi.fn((from: number, count: number): Promise<ConsoleLinesJson> => {
    const first = from < 0 ? Math.max(0, total + from) : from
    const lines = Array.from({ length: Math.max(0, Math.min(count, total - first)) }, (_, i) => ({ text: `line ${first + i}` }))
    return Promise.resolve({ from: String(first), lines, total: String(total), bytes: '9' })
  })
}

it('asks for what is looked at, once', async () => {
  const ask = board(2_000_000)
  const store = new LineStore(ask)
  store.begin(1_000_010)
  await settled()
  expect(ask.mock.calls).toEqual([[1_000_000, blockSize]])
  expect([store.total, store.line(1_000_010)?.text, store.line(0)]).toEqual([2_000_000, 'line 1000010', undefined])
  store.want(1_499_990, 1_500_010)
  store.want(1_499_990, 1_500_010)
  await settled()
  expect(ask.mock.calls.slice(1)).toEqual([[1_499_500, blockSize], [1_500_000, blockSize]])
  store.want(1_499_990, 1_500_010)
  expect(ask).toHaveBeenCalledTimes(3)
})
it('forgets what was not looked at for long', async () => {
  const store = new LineStore(board(1_000_000))
  store.begin(0)
  await settled()
  for (let at = 0; at < 200; ++at) {
    store.want(at * blockSize, at * blockSize + 40)
    await settled()
  }
  expect(store.line(0)).toBeUndefined()
  expect(store.line(199 * blockSize)?.text).toBe('line 99500')
  store.want(0, 10)
  await settled()
  expect(store.line(0)?.text).toBe('line 0')
})
it('takes live lines: the open one grows, an overtaken answer does not shrink it', () => {
  const store = new LineStore(board(0))
  const told = vi.fn()
  store.subscribe(told)
  store.take({ from: '5', lines: [{ text: 'a' }, { text: 'hal', open: true }], total: '7' })
  store.take({ from: '6', lines: [{ text: 'half' }], total: '7' })
  expect(told).toHaveBeenCalledTimes(2)
  store.take({ from: '6', lines: [{ text: 'hal', open: true }], total: '7' })
  expect([store.line(6)?.text, store.total, store.line(4)]).toEqual(['half', 7, undefined])
})
it('fetches a gap of a live connection', async () => {
  const ask = board(1000)
  const store = new LineStore(ask)
  store.take({ from: '900', lines: [{ text: 'line 900' }], total: '1000' })
  store.want(600, 640)
  await settled()
  expect(ask.mock.calls).toEqual([[500, blockSize]])
  expect(store.line(600)?.text).toBe('line 600')
})
it('does not ask for ever for what is not there', async () => {
  const ask = vi.fn((): Promise<ConsoleLinesJson> => Promise.resolve({ from: '0', total: '3000', cut: 'left out' }))
  const store = new LineStore(ask)
  store.begin(0)
  await settled()
  for (let n = 0; n < 5; ++n) { store.want(0, 10); await settled() }
  expect(ask).toHaveBeenCalledTimes(2)
  expect(store.cut).toBe('left out')
})
it('a gap that opened while an answer was under way is asked for', async () => {
  let total = 600
  const ask = vi.fn((from: number, count: number) => board(total)(from, count))
  const store = new LineStore(ask)
  store.take({ from: '599', lines: [{ text: 'line 599' }], total: '600' })
  store.want(500, 520)
  total = 990
  store.take({ from: '989', lines: [{ text: 'line 989' }], total: '990' }) // a gap: 600 to 988
  await settled()
  store.want(700, 720)
  await settled()
  expect(store.line(700)?.text).toBe('line 700')
})
it('says why lines did not come, and tries again', async () => {
  let works = false
  const ask = vi.fn((from: number, count: number) => (works ? board(10)(from, count) : Promise.reject(new Error('assayd does not answer'))))
  const store = new LineStore(ask)
  store.begin(0)
  await settled()
  expect(store.problem).toBe('assayd does not answer')
  works = true
  store.retry()
  await settled()
  expect([store.problem, store.total]).toEqual(['', 10])
})
it('keeps consoles apart', () => {
  const consoles = new Consoles(() => Promise.resolve({}))
  consoles.take({ attempt: 'r1.1.1', role: 'dut', lines: [{ text: 'x' }], total: '1' })
  expect(consoles.of('r1.1.1', 'dut').line(0)?.text).toBe('x')
  expect(consoles.of('r1.1.1', 'peer').total).toBeUndefined()
  expect(consoles.of('a", "b', 'c')).not.toBe(consoles.of('a', 'b", "c'))
})
