import { describe, expect, test } from 'vitest'
import { verdictSentence, wholeWords } from '../../src/pages/run/words.ts'

describe('wholeWords', () => {
  test.each([
    ['✓ expect app.ready', 18, '✓ expect app.ready'],
    ['✓ expect app.ready', 17, '✓ expect'],
    ['✓ expect app.ready', 8, '✓ expect'],
    ['✓ expect app.ready', 7, '✓'],
    ['✓ expect app.ready', -3, '✓'],
    ['flash', 2, 'flash'],
    ['', 5, ''],
  ])('%j in %d is %j', (text, most, fits) => {
    expect(wholeWords(text, most)).toBe(fits)
  })
})

test('a lease is told by its person and its board', () => {
  const lease = { plan: 'lease', person: 'ann@desk', state: 'RUN_STATE_RUNNING' as const, jobs: [{ attempts: [{ boards: { dut: 'nrf-1' } }] }] }
  expect(verdictSentence(lease)).toBe('ann@desk has board nrf-1')
  expect(verdictSentence({ ...lease, state: 'RUN_STATE_QUEUED', jobs: [{}] })).toBe('ann@desk waits for a board')
  expect(verdictSentence({ ...lease, state: 'RUN_STATE_ENDED', verdict: 'VERDICT_PASSED', sentence: 'released by ann@desk' })).toBe('released by ann@desk')
})
