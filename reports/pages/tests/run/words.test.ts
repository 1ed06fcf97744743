import { describe, expect, test } from 'vitest'
import { wholeWords } from '../../src/pages/run/words.ts'

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
