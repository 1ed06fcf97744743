import { describe, expect, it } from 'vitest'
import { ago, bytes, duration, seconds, time, verdictWord } from '../src/data/format.ts'
import { csv } from '../src/parts/export.tsx'

describe('durations', () => {
  it.each([[0, '0 ms'], [0.0481, '48 ms'], [1.5304, '1.53 s'], [59.94, '59.9 s'], [125, '2 min 5 s'],
    [3 * 3600 + 240, '3 h 4 min'], [90000, '1 d 1 h']])('%f s is %s', (s, text) => {
    expect(duration(s)).toBe(text)
  })
  it('reads proto JSON', () => {
    expect(seconds('1.250s')).toBe(1.25)
    expect(seconds(undefined)).toBe(0)
  })
})

it('says sizes', () => {
  expect([0, 1023, 1024, 5_000_000].map(bytes)).toEqual(['0 B', '1023 B', '1.0 KiB', '4.8 MiB'])
})

it('tells UTC', () => {
  expect(time('1764000000000000')?.utc).toBe('2025-11-24 16:00:00 UTC')
  expect(time(undefined)).toBeUndefined()
  expect(ago('1764000000000000', 1764000003000)).toBe('just now')
  expect(ago('1764000000000000', 1764000000000 + 7_260_000)).toBe('2 h 1 min ago')
})

it('has a word for every verdict', () => {
  expect(verdictWord('VERDICT_LAB_ERROR')).toBe('lab-error')
  expect(verdictWord(undefined, 'RUN_STATE_RUNNING')).toBe('running')
  expect(verdictWord(undefined)).toBe('queued')
})

it('writes CSV that no spreadsheet runs', () => {
  const columns = [{ name: 'a', of: (r: string) => r }, { name: 'n', of: () => -1 }]
  expect(csv(columns, ['=1+1', 'x,"y"', '-2'])).toBe('a,n\r\n\'=1+1,-1\r\n"x,""y""",-1\r\n\'-2,-1\r\n')
})
