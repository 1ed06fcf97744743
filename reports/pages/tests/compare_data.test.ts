import { describe, expect, it } from 'vitest'
import { differences, jobDiffers, jobName, muchLonger, pairJobs, pairs, pairSteps, surroundings } from '../src/data/compare.ts'
import { compareStep, consoleRoles, Lines, stepLines } from '../src/data/console_diff.ts'
import { normalised } from '../src/data/normalise.ts'
import type { TimelineJson } from '../src/proto/assay/v1/web_pb.ts'
import { fakeSource } from './fake_source.ts'

describe('pairs', () => {
  it('go by key and order', () => {
    const text = (a: string[], b: string[]) => pairs(a, b, (x) => x[0] ?? '').map((p) => `${p.a ?? '-'}/${p.b ?? '-'}`)
    expect(text(['x1', 'y1', 'x2'], ['x3', 'z1', 'x4', 'x5'])).toEqual(['x1/x3', 'y1/-', 'x2/x4', '-/z1', '-/x5'])
    expect(text([], [])).toEqual([])
  })
  it('of jobs go by profile and parameters', () => {
    const a = { jobs: [{ id: 'r1.1', profile: 'p', params: { x: '1', y: '2' } }, { id: 'r1.2', profile: 'q' }] }
    const b = { jobs: [{ id: 'r2.1', profile: 'q' }, { id: 'r2.2', profile: 'p', params: { y: '2', x: '1' } }, { id: 'r2.3', profile: 'p' }] }
    expect(pairJobs(a, b).map((p) => [p.a?.id, p.b?.id])).toEqual([['r1.1', 'r2.2'], ['r1.2', 'r2.1'], [undefined, 'r2.3']])
    expect(jobName({ profile: 'p', params: { y: '2', x: '1' } })).toBe('p, x=1, y=2')
  })
})

describe('steps', () => {
  const step = (index: number, text: string, more: object = {}) => ({ index, text, state: 'STEP_STATE_PASSED' as const, took: '1s', ...more })
  it('are aligned by id or text, and say what differs', () => {
    const a = [step(0, 'flash base'), step(1, 'boot', { took: '0.1s' }), step(2, 'old'), step(3, 'update', { id: 'up' }), step(4, 'confirm')]
    const b = [step(0, 'flash base'), step(1, 'new'), step(2, 'boot', { took: '0.21s' }), step(3, 'update to 3', { id: 'up', took: '2s' }),
      step(4, 'confirm', { state: 'STEP_STATE_FAILED' })]
    expect(pairSteps(a, b).map((p) => [p.a?.text, p.b?.text, p.state, p.slower, p.findings])).toEqual([
      ['flash base', 'flash base', false, false, false],
      [undefined, 'new', true, false, false],
      ['boot', 'boot', false, true, false],
      ['old', undefined, true, false, false],
      ['update', 'update to 3', false, true, false],
      ['confirm', 'confirm', true, false, false],
    ])
  })
  it('took much longer only when it is noticeable', () => {
    expect([[1, 1.6], [1.6, 1], [1, 1.5], [0.01, 0.1], [0.01, 0.12], [0, 0.2], [10, 11]].map(([x, y]) => muchLonger(x ?? 0, y ?? 0)))
      .toEqual([true, true, false, false, true, true, false])
  })
  it('find the same when only times differ', () => {
    const says = (observed: string) => [step(0, 'x', { findings: [{ channel: 'console', observed, says: 'SAYS_AGREES' }] })]
    expect(pairSteps(says('ready after 12 ms'), says('ready after 14 ms'))[0]?.findings).toBe(false)
    expect(pairSteps(says('version 2.0.0'), says('version 2.0.1'))[0]?.findings).toBe(true)
  })
  it('decide whether a job is to be looked at', () => {
    const job = (text: string) => ({ verdict: 'VERDICT_PASSED' as const, attempts: [{ steps: [step(0, text)] }] })
    expect(jobDiffers({ a: job('x'), b: job('x') })).toBe(false)
    expect(jobDiffers({ a: job('x'), b: job('y') })).toBe(true)
    expect(jobDiffers({ a: job('x'), b: undefined })).toBe(true)
  })
})

it('finds what differs around a job', () => {
  const job = (agent: string, qemu: string) => ({ specDigest: 'ab', attempts: [{ agent: 'old' }, { agent, boards: { dut: 'v1' }, environment: { qemu } }] })
  expect(differences(surroundings(job('x', '7.2')), surroundings(job('y', '7.2')))).toEqual([{ name: 'agent', a: 'x', b: 'y' }])
  expect(differences(surroundings(job('x', '7.2')), surroundings(undefined)).map((d) => d.name)).toEqual(['agent', 'board dut', 'compiled plan', 'qemu'])
})

describe('lines', () => {
  it.each([
    ['[00:00:01.234,000] <inf> main: up', '[time] <inf> main: up'],
    ['[    1.234567] usb 1-1', '[time] usb 1-1'],
    ['2025-11-24T16:00:00Z start', 'time start'],
    ['\u001b[32mok\u001b[0m took 12.5 ms  ', 'ok took n ms'],
    ['version 2.0.0 at 0x0800c000', 'version 2.0.0 at 0x0800c000'],
  ])('%j without what always differs', (line, text) => expect(normalised(line, false)).toBe(text))
  it('without addresses on request', () => expect(normalised('r15 0x0800c000 deadbeef: x', true)).toBe('r15 0x… …: x'))
})

describe('consoles', () => {
  const marks: TimelineJson['marks'] = [
    { kind: 'KIND_STEP', step: 1, at: '2s', lines: { dut: '5' } },
    { kind: 'KIND_STEP', at: '1s', lines: { dut: '2' } },
    { kind: 'KIND_POWER_ON', at: '1.5s', lines: { dut: '3' } },
    { kind: 'KIND_STEP', step: 7, at: '3s', lines: { dut: '5', peer: '1' } },
  ]
  it('are cut at the starts of steps', () => {
    expect([...stepLines({ marks }, 'dut')]).toEqual([[-1, { from: 0, to: 2 }], [0, { from: 2, to: 5 }], [1, { from: 5, to: 5 }], [7, { from: 5, to: Infinity }]])
    expect([...stepLines({ marks }, 'peer')]).toEqual([[0, { from: 0, to: 0 }], [1, { from: 0, to: 1 }], [7, { from: 1, to: Infinity }]])
    expect([...stepLines({}, 'dut')]).toEqual([[-1, { from: 0, to: Infinity }]])
    expect(consoleRoles({ marks }, { activity: [{ role: 'aux' }] })).toEqual(['aux', 'dut', 'peer'])
  })

  it('are read in blocks, once, and compared up to a limit', async () => {
    const asked: string[] = []
    const source = fakeSource({
      lines: (attempt, role, from, count) => {
        asked.push(`${attempt}/${role}/${from}+${count}`)
        const total = attempt === 'a' ? 5000 : 1010
        return Promise.resolve({
          from: String(from), total: String(total),
          lines: Array.from({ length: Math.max(0, Math.min(count, total - from)) }, (_, i) => ({ text: `[00:00:0${i % 10}.000,000] ${from + i}` })),
        })
      },
    })
    const a = new Lines(source, 'a', 'dut')
    const b = new Lines(source, 'b', 'dut')
    const whole = await compareStep(a, b, { from: 0, to: Infinity }, { from: 0, to: Infinity })
    expect([whole.changes.length, whole.added, whole.removed, whole.left]).toEqual([2000, 0, 990, 3000])
    const part = await compareStep(a, b, { from: 990, to: 1010 }, { from: 992, to: 1010 })
    expect([part.fromA, part.fromB, part.a.length, part.b.length, part.removed, part.left]).toEqual([990, 992, 20, 18, 2, 0])
    expect(asked.sort()).toEqual(['a/dut/0+1000', 'a/dut/1000+1000', 'b/dut/0+1000', 'b/dut/1000+1000'])
    const one = await compareStep(a, b, undefined, { from: 3, to: 5 })
    expect([one.added, one.removed]).toEqual([2, 0])
  })
})
