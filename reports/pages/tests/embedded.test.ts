import { describe, expect, it } from 'vitest'
import { embeddedSource } from '../src/data/embedded.ts'
import { guarded, searchLimit, unboundedRepeats } from '../src/data/regex_guard.ts'
import { Failure, type LiveState } from '../src/data/source.ts'

const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ text: `line ${from + i}`, at: `${from + i}s` }))
const source = embeddedSource({
  run: { id: 'r7' },
  baseline: { run: { id: 'r5' } },
  timelines: [{ attempt: 'r7.1.1', events: '9' }],
  artifacts: [{ sha256: 'ab', format: 'mcuboot' }],
  consoles: [
    // The end stands first: order in the file means nothing.
    { attempt: 'r7.1.1', role: 'dut', from: '9000', lines: lines(9000, 9003), total: '9003', bytes: '123456', cut: 'the agent dropped 12 bytes' },
    { attempt: 'r7.1.1', role: 'dut', from: '0', lines: lines(0, 5), total: '9003', bytes: '123456', cut: 'the agent dropped 12 bytes' },
    { attempt: 'r7.1.1', role: 'peer', lines: [{ text: 'say \u001b[31mError\u001b[0m: a.b' }, { text: 'error: axb' }], total: '2' },
    { attempt: 'r7.1.1', role: 'mute' },
  ],
})
const window = async (from: number, count: number) => {
  const answer = await source.lines('r7.1.1', 'dut', from, count)
  return [answer.from, ...(answer.lines ?? []).map((line) => line.text)]
}

describe('the source inside a report', () => {
  it('gives what is in the file, and says what is not', async () => {
    expect(source.isStatic).toBe(true)
    expect((await source.run('r7')).id).toBe('r7')
    expect((await source.baseline('r7')).run?.id).toBe('r5')
    expect((await source.timeline('r7.1.1')).events).toBe('9')
    expect((await source.artifact('ab')).format).toBe('mcuboot')
    expect(await source.why('r7')).toEqual({})
    await expect(source.run('r8')).rejects.toThrow('Run r8 is not in this file.')
    await expect(source.timeline('r7.1.2')).rejects.toThrow('The timeline of r7.1.2 is not in this file.')
    await expect(source.lines('r7.1.1', 'aux', 0, 9)).rejects.toThrow('The console of aux in r7.1.1 is not in this file.')
    await expect(source.now()).rejects.toMatchObject({ status: 404 })
    expect([source.consoleUrl('r7.1.1', 'dut'), source.artifactUrl('ab')]).toEqual([undefined, undefined])
  })

  it('keeps the numbers of lines and shows gaps as such', async () => {
    expect(await window(0, 3)).toEqual(['0', 'line 0', 'line 1', 'line 2'])
    expect(await window(3, 5)).toEqual(['3', 'line 3', 'line 4', '⋯ lines 6 to 9,000 are not in this file ⋯', '⋯', '⋯'])
    expect(await window(8998, 5)).toEqual(['8998', '⋯', '⋯', 'line 9000', 'line 9001', 'line 9002'])
    expect(await window(-2, 10)).toEqual(['9001', 'line 9001', 'line 9002'])
    expect(await window(-20_000, 1)).toEqual(['0', 'line 0'])
    expect(await window(20_000, 5)).toEqual(['9003'])
    const answer = await source.lines('r7.1.1', 'dut', 0, 100_000)
    expect(answer.lines?.length).toBe(2000)
    expect([answer.total, answer.bytes, answer.ended]).toEqual(['9003', '123456', true])
    expect(answer.cut).toBe('the agent dropped 12 bytes; 8,995 of 9,003 lines are not in this file')
    expect((await source.lines('r7.1.1', 'peer', 0, 9)).cut).toBe('')
    expect((await source.lines('r7.1.1', 'mute', 0, 9)).lines).toEqual([])
  })

  it('searches what people see', async () => {
    const find = (role: string, query: object) => source.search('r7.1.1', role, { ...query })
    expect(await find('peer', { text: 'ERROR: a' })).toEqual({ lines: ['0', '1'], total: '2' })
    expect(await find('peer', { text: 'Error: a', case: true })).toEqual({ lines: ['0'], total: '1' })
    expect(await find('peer', { text: 'a.b' })).toEqual({ lines: ['0'], total: '1' })
    expect(await find('peer', { text: '^error: a.b$', regex: true })).toEqual({ lines: ['1'], total: '1' })
    expect(await find('dut', { text: 'line', limit: 6 })).toEqual({ lines: ['0', '1', '2', '3', '4', '9000'], total: '8' })
    expect(await find('dut', { text: 'not in this file' })).toEqual({ lines: [], total: '0' })
    await expect(find('peer', { text: '(', regex: true })).rejects.toMatchObject({ status: 400 })
    await expect(find('peer', { text: '' })).rejects.toThrow('Nothing to search for.')
  })

  it('says once that nothing follows, unless it was stopped before', async () => {
    const heard: LiveState[] = []
    const take = { state: (state: LiveState) => heard.push(state), run: () => heard.push('lost'), lines: () => heard.push('lost'), timeline: () => heard.push('lost') }
    source.liveRun('r7', take)
    source.liveRuns({ state: take.state, change: () => heard.push('lost') })()
    await Promise.resolve()
    expect(heard).toEqual(['ended'])
  })
})

describe('expressions', () => {
  it.each([['abc', 0], ['a.*b', 1], ['a{3}b+', 1], ['[*+]\\*', 0], ['(ab)+', 1], ['(?:a?b)+x*', 2], ['x?', 0], ['a{2,}', 1]])('%j repeats %i times', (pattern, count) => {
    expect(unboundedRepeats(pattern)).toBe(count)
  })
  it.each([['(a+)+$', 'repeats'], ['(a|aa)*b', 'repeats'], ['((a*)b)*', 'repeats'], ['(a+){30}', 'repeats'], ['(?:x{1,9}){9,}', 'repeats'], ['(a)\\1', 'refers back'], ['(?=a)b', 'looks ahead']])('%j is refused', (pattern, why) => {
    expect(() => guarded(pattern, true)).toThrow(why)
    expect(() => guarded(pattern, true)).toThrow(Failure)
  })
  it('that grow with the line see only its beginning', () => {
    const found = guarded('a*b*a*b*c', false)
    expect(found('AABBC')).toBe(true)
    expect(found('ab'.repeat(2000))).toBe(false)
  })
})

it('says how much of a line an expression is searched for in', () => {
  expect(searchLimit('a.*b')).toBe('')
  expect(searchLimit('a.*b.*c')).toBe('In a file, this expression is searched for in the first 1,000 characters of a line only.')
  expect(searchLimit('(a+)+')).toBe('')
})
