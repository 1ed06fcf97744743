// What a terminal would colour, as pieces of text: SGR (ECMA-48 8.3.117, with the
// 256 and 24-bit colours of ISO 8613-6) is understood, every other escape sequence
// is left out, and what is left of control characters is made visible. Colours end
// with their line: a window of lines begins anywhere. Pure.
import { visible } from '../../data/visible.ts'

export interface Piece {
  text: string
  // "bold underline fg-1 bg-12": one of sixteen colours is a class.
  names: string
  // Of 256 and 24-bit colours.
  fg: string | undefined
  bg: string | undefined
}
type Colour = { index: number } | { rgb: string } | undefined
interface Style {
  flags: Set<string>
  fg: Colour
  bg: Colour
}

// CSI; OSC, DCS, SOS, PM and APC with their text up to BEL or ST; two-character ones.
const sequence = new RegExp('\\u001b(?:' +
  '\\[([0-9;:<=>?]*)([ -/]*)([@-~])' +
  '|[\\]PX^_][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)' +
  '|[ -/]+[0-~]|[0-OQ-WYZ\\\\`-~])', 'g')

const channel = (n: number) => Math.max(0, Math.min(255, Number.isFinite(n) ? n : 0))
const rgb = (r: number, g: number, b: number) => ({ rgb: `rgb(${channel(r)}, ${channel(g)}, ${channel(b)})` })

export function paletteColour(n: number): Colour {
  if (n < 0 || n > 255 || !Number.isInteger(n)) return undefined
  if (n < 16) return { index: n }
  if (n >= 232) return rgb(8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232))
  const step = (k: number) => (k === 0 ? 0 : 55 + 40 * k)
  const m = n - 16
  return rgb(step(Math.floor(m / 36)), step(Math.floor(m / 6) % 6), step(m % 6))
}

const set: Record<number, string> = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 7: 'inverse', 8: 'conceal', 9: 'strike' }
const unset: Record<number, string[]> = {
  22: ['bold', 'dim'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 28: ['conceal'], 29: ['strike'],
}

function apply(style: Style, parameters: string) {
  // "38:2::1:2:3" has an empty colour space where "38;2;1;2;3" has none.
  const flat = parameters.replace(/([34]8):2:[0-9]*:([0-9]+:[0-9]+:[0-9]+)/g, '$1;2;$2')
  // "4:3" is a curly underline; "4:0" none.
  const codes = flat.replace(/\b4:0\b/g, '24').replace(/\b4:[1-9]\b/g, '4').split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)))
  for (let i = 0; i < codes.length; ++i) {
    const code = codes[i] ?? 0
    const flag = set[code]
    if (code === 0) Object.assign(style, { flags: new Set(), fg: undefined, bg: undefined })
    else if (flag !== undefined) style.flags.add(flag)
    else if (unset[code]) unset[code].forEach((name) => style.flags.delete(name))
    else if (code >= 30 && code <= 37) style.fg = { index: code - 30 }
    else if (code >= 90 && code <= 97) style.fg = { index: code - 82 }
    else if (code === 39) style.fg = undefined
    else if (code >= 40 && code <= 47) style.bg = { index: code - 40 }
    else if (code >= 100 && code <= 107) style.bg = { index: code - 92 }
    else if (code === 49) style.bg = undefined
    else if (code === 38 || code === 48) {
      const where = code === 38 ? 'fg' : 'bg'
      if (codes[i + 1] === 5) {
        style[where] = paletteColour(codes[i + 2] ?? 0)
        i += 2
      } else if (codes[i + 1] === 2) {
        style[where] = rgb(codes[i + 2] ?? 0, codes[i + 3] ?? 0, codes[i + 4] ?? 0)
        i += 4
      }
    }
  }
}

function piece(text: string, style: Style): Piece {
  const names = [...style.flags]
  if (style.fg && 'index' in style.fg) names.push(`fg-${style.fg.index}`)
  if (style.bg && 'index' in style.bg) names.push(`bg-${style.bg.index}`)
  return {
    text: visible(text), names: names.join(' '),
    fg: style.fg && 'rgb' in style.fg ? style.fg.rgb : undefined,
    bg: style.bg && 'rgb' in style.bg ? style.bg.rgb : undefined,
  }
}

export function pieces(line: string): Piece[] {
  const style: Style = { flags: new Set(), fg: undefined, bg: undefined }
  if (!line.includes('\u001b')) return line === '' ? [] : [piece(line, style)]
  const all: Piece[] = []
  let from = 0
  const add = (text: string) => {
    if (text === '') return
    const next = piece(text, style)
    const last = all.at(-1)
    if (last && last.names === next.names && last.fg === next.fg && last.bg === next.bg) last.text += next.text
    else all.push(next)
  }
  for (const match of line.matchAll(sequence)) {
    add(line.slice(from, match.index))
    from = match.index + match[0].length
    if (match[3] === 'm' && match[2] === '' && !/[<=>?]/.test(match[1] ?? '')) apply(style, match[1] ?? '')
  }
  add(line.slice(from))
  return all
}

// What is read and copied: no escapes, nothing invisible.
export const plain = (line: string): string => pieces(line).map((one) => one.text).join('')
