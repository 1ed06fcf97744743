import { expect, it } from 'vitest'
import { paletteColour, pieces, plain } from '../../src/pages/run/ansi.ts'
import { finder, marked } from '../../src/pages/run/find.ts'

const short = (line: string) => pieces(line).map((one) => [one.text, one.names, one.fg ?? '', one.bg ?? ''])

it('leaves plain text', () => {
  expect(pieces('')).toEqual([])
  expect(short('a <b>&\t')).toEqual([['a <b>&\t', '', '', '']])
})
it('reads the sixteen colours and the flags', () => {
  expect(short('\u001b[1;31mE\u001b[22;94mx\u001b[39;103;4my\u001b[0mz')).toEqual([
    ['E', 'bold fg-1', '', ''], ['x', 'fg-12', '', ''], ['y', 'underline bg-11', '', ''], ['z', '', '', '']])
  expect(short('\u001b[7ma\u001b[mb')).toEqual([['a', 'inverse', '', ''], ['b', '', '', '']])
})
it('reads 256 and 24-bit colours, with ; and with :', () => {
  expect(short('\u001b[38;5;196ma')).toEqual([['a', '', 'rgb(255, 0, 0)', '']])
  expect(short('\u001b[48;5;9ma')).toEqual([['a', 'bg-9', '', '']])
  expect(short('\u001b[38;2;1;2;3;48;2;4;5;999ma')).toEqual([['a', '', 'rgb(1, 2, 3)', 'rgb(4, 5, 255)']])
  expect(short('\u001b[38:2::1:2:3ma')).toEqual([['a', '', 'rgb(1, 2, 3)', '']])
  expect(short('\u001b[38:5:232ma')).toEqual([['a', '', 'rgb(8, 8, 8)', '']])
  expect(short('\u001b[4:3ma\u001b[4:0mb')).toEqual([['a', 'underline', '', ''], ['b', '', '', '']])
  expect([paletteColour(256), paletteColour(-1), paletteColour(16), paletteColour(231)])
    .toEqual([undefined, undefined, { rgb: 'rgb(0, 0, 0)' }, { rgb: 'rgb(255, 255, 255)' }])
})
it('leaves out every other sequence and shows what is left', () => {
  expect(plain('\u001b[2Ja\u001b[10;20Hb\u001b[?25lc')).toBe('abc')
  expect(plain('\u001b]0;title\u0007a\u001b]8;;http://x\u001b\\b\u001bPq#0\u001b\\c')).toBe('abc')
  expect(plain('\u001b(Ba\u001bcb\u001b7c')).toBe('abc')
  expect(plain('half \u001b[3')).toBe('half ␛[3')
  expect(plain('open \u001b]0;never')).toBe('open ␛]0;never')
  expect(plain('a\u0000b\u0008\u009bc\u202e')).toBe('a␀b␈⟦U+009B⟧c⟦U+202E⟧')
  expect(plain('\u001b[>4;1ma')).toBe('a')
  expect(short('\u001b[>4;1ma')[0]?.[1]).toBe('')
})
it('takes no time over hostile ones', () => {
  const from = performance.now()
  plain('\u001b['.repeat(2000))
  plain(`\u001b]${'x'.repeat(4000)}`.repeat(1))
  plain('\u001b]'.repeat(2000))
  plain(`\u001b[${'1;'.repeat(2000)}m`)
  expect(performance.now() - from).toBeLessThan(1000)
})
it('marks what is searched across colours', () => {
  const all = pieces('ab\u001b[31mcd\u001b[0mef')
  const find = finder({ text: 'BCDE', exact: false, regex: false })
  expect(find?.('abcdef')).toEqual([[1, 5]])
  expect(marked(all, find?.('abcdef') ?? []).map((one) => [one.text, one.names, one.hit])).toEqual([
    ['a', '', false], ['b', '', true], ['cd', 'fg-1', true], ['e', '', true], ['f', '', false]])
  expect(finder({ text: 'BCDE', exact: true, regex: false })?.('abcdef')).toEqual([])
  expect(finder({ text: 'a.c', exact: true, regex: false })?.('abc a.c')).toEqual([[4, 7]])
  expect(finder({ text: 'a.c', exact: true, regex: true })?.('abc a.c')).toEqual([[0, 3], [4, 7]])
  expect(finder({ text: '(', exact: true, regex: true })).toBeUndefined()
  expect(finder({ text: '(a+)+$', exact: true, regex: true })).toBeUndefined() // it would take for ever
  expect(finder({ text: 'x*', exact: true, regex: true })?.('aa')).toEqual([])
})
