// How long each took, one dot each: colour and shape by verdict. The table below
// says the same to keyboards and screen readers.
import { duration, symbol } from '../data/format.ts'
import { pointHref, pointTitle, pointWord, trend } from '../data/history.ts'
import { visible } from '../data/visible.ts'
import type { HistoryPointJson } from '../proto/assay/v1/web_pb.ts'
import { go } from '../shell/router.tsx'

const height = 140 // px
const edge = 10 // px above and below, for the shapes

// The router leaves links in an SVG to the browser, which would load the page anew.
function follow(event: MouseEvent, to: string) {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  event.preventDefault()
  go(to)
}

function Shape({ word, r }: { word: string; r: number }) {
  switch (word) {
    case 'passed': return <circle r={r} />
    case 'failed': return <path d={`M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`} />
    case 'lab-error': return <path d={`M0 ${-r * 1.2}L${r * 1.2} ${r}L${-r * 1.2} ${r}Z`} />
    default: return <path d={`M${-r} ${-r}H${r}V${r}H${-r}Z`} />
  }
}

export function Chart({ points, median, p95 }: { points: readonly HistoryPointJson[]; median: number; p95: number }) {
  const { dots, top, beyond } = trend(points, p95)
  if (dots.length === 0) return <p class="faint">None has ended yet.</p>
  const r = dots.length <= 120 ? 4 : dots.length <= 400 ? 3 : 2
  const y = (share: number) => edge + (1 - share) * (height - 2 * edge)
  const middle = y(Math.min(median / top, 1))
  return (
    <figure class="past-trend">
      <div class="past-trend-axis" aria-hidden="true">
        <span>{duration(top)}</span><span>0</span>
      </div>
      <svg width="100%" height={height} aria-hidden="true">
        <line class="past-base" x1="0" x2="100%" y1={y(0)} y2={y(0)} />
        <line class="past-base" x1="0" x2="100%" y1={y(1)} y2={y(1)} />
        <line class="past-median" x1="0" x2="100%" y1={middle} y2={middle} />
        {dots.map(({ point, word, x, y: share, beyond: over }) => {
          const to = pointHref(point.id ?? '')
          return (
            <svg key={point.id} class={`past-dot ${word}${over ? ' past-beyond' : ''}`} x={`${(1 + 98 * x).toFixed(3)}%`} y={y(share)} overflow="visible">
              <a href={to} tabindex={-1} onClick={(event) => follow(event, to)}>
                <title>{visible(pointTitle(point))}</title>
                <circle class="past-target" r={Math.max(r, 6)} />
                <Shape word={word} r={r} />
              </a>
            </svg>
          )
        })}
      </svg>
      <figcaption>
        <span class="past-median-key" aria-hidden="true" /> median {duration(median)}
        <span class="past-keys" aria-hidden="true">
          {(['passed', 'failed', 'lab-error', 'cancelled'] as const).filter((word) => dots.some((d) => d.word === word)).map((word) => (
            <span key={word} class={`past-dot ${word}`}><svg width="14" height="14" viewBox="-7 -7 14 14"><Shape word={word} r={4} /></svg>{word}</span>
          ))}
        </span>
        {beyond > 0 ? <span> {beyond} longer than {duration(top)}, drawn at the top</span> : null}
      </figcaption>
    </figure>
  )
}

// One symbol each, the newest at the end.
export function Strip({ points }: { points: readonly HistoryPointJson[] }) {
  return (
    <div class="past-strip" aria-hidden="true">
      {[...points].reverse().map((point) => {
        const word = pointWord(point)
        return <a key={point.id} class={`badge ${word}`} tabIndex={-1} href={pointHref(point.id ?? '')} title={visible(pointTitle(point))}>{symbol(word)}</a>
      })}
    </div>
  )
}
