import { expect, it } from 'vitest'
import { visible, withoutEscapes } from '../src/data/visible.ts'
import { quoted } from '../src/parts/copy.tsx'

it('shows what is invisible', () => {
  expect(visible('a\u001b[31mb\r\n\u0000\u007f')).toBe('a␛[31mb␍␊␀␡')
  expect(visible('x\u202etxt.exe\u2066\u2028\u200b\u009b')).toBe('x⟦U+202E⟧txt.exe⟦U+2066⟧⟦U+2028⟧⟦U+200B⟧⟦U+009B⟧')
  expect(visible('\u{e0041}')).toBe('⟦U+E0041⟧')
  expect(visible('plain\täöü 漢字 👍 <b>')).toBe('plain\täöü 漢字 👍 <b>')
})

it('leaves out escape sequences', () => {
  expect(withoutEscapes('\u001b[1;32mok\u001b[0m \u001b[2K\u001b]0;title\u0007x')).toBe('ok x')
  expect(withoutEscapes('half \u001b[3')).toBe('half \u001b[3')
})

it('quotes for a shell', () => {
  expect(['nrf-1', 'a b', "it's", '', '$(x)'].map(quoted)).toEqual(['nrf-1', "'a b'", "'it'\\''s'", "''", "'$(x)'"])
})
