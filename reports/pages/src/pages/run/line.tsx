import { pieces } from './ansi.ts'
import { marked, type Range } from './find.ts'

const colour = (fg: string | undefined, bg: string | undefined) =>
  fg === undefined && bg === undefined ? {} : { style: { ...(fg === undefined ? {} : { color: fg }), ...(bg === undefined ? {} : { backgroundColor: bg }) } }

// A line of a console in its colours, what was searched marked.
export function Line({ text, find }: { text: string; find?: ((line: string) => Range[]) | undefined }) {
  const all = pieces(text)
  const ranges = find ? find(all.map((one) => one.text).join('')) : []
  const shown = ranges.length === 0 ? all.map((one) => ({ ...one, hit: false })) : marked(all, ranges)
  return <>{shown.map((one, i) => {
    if (one.hit) return <mark key={i}>{one.text}</mark>
    return one.names === '' && one.fg === undefined && one.bg === undefined
      ? one.text
      : <span key={i} class={one.names} {...colour(one.fg, one.bg)}>{one.text}</span>
  })}</>
}
