// An attempt on one axis of time: steps, power, console activity, progress, notes.
// The list of steps beside it says the same in words.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { duration, seconds, stepWord, symbol } from '../../data/format.ts'
import { visible } from '../../data/visible.ts'
import type { StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import type { TimelineJson } from '../../proto/assay/v1/web_pb.ts'
import { panned, place, ticks, tickText, within, zoomed, type Span } from './axis.ts'
import { lanesOf } from './lanes.ts'
import { markText, stepSentence, wholeWords } from './words.ts'

const barHeight = 18
const laneHeight = 26
const top = 20
const by: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity }

function useWidth() {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(800)
  useEffect(() => {
    const element = box.current
    if (!element || typeof ResizeObserver === 'undefined') return
    const watch = new ResizeObserver(() => setWidth(Math.max(200, element.clientWidth)))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  return { box, width }
}

export function Timeline({ steps, timeline, step, onStep }: {
  steps: readonly StepResultJson[]
  timeline: TimelineJson | undefined
  step: number | undefined
  onStep: (step: number) => void
}) {
  const lanes = useMemo(() => lanesOf(steps, timeline), [steps, timeline])
  const { box, width } = useWidth()
  const [asked, setAsked] = useState<Span>() // none: all of it
  const span = within(asked ?? { from: 0, to: lanes.length }, lanes.length)
  const x = (at: number) => place(span, width, at)
  const drag = useRef<{ x: number; span: Span } | undefined>(undefined)
  const zoom = useCallback((factor: number, at?: number) => {
    setAsked((old) => {
      const now = within(old ?? { from: 0, to: lanes.length }, lanes.length)
      const next = zoomed(now, lanes.length, factor, at ?? (now.from + now.to) / 2)
      return next.to - next.from >= lanes.length ? undefined : next
    })
  }, [lanes.length])
  const pan = (share: number) => setAsked((old) => {
    const now = within(old ?? { from: 0, to: lanes.length }, lanes.length)
    return old && panned(now, lanes.length, (now.to - now.from) * share)
  })
  // Not passive, so that the page itself is not zoomed.
  useEffect(() => {
    const element = box.current
    const wheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      const share = (event.clientX - (element?.getBoundingClientRect().left ?? 0)) / width
      zoom(event.deltaY < 0 ? 1.25 : 0.8, span.from + share * (span.to - span.from))
    }
    element?.addEventListener('wheel', wheel, { passive: false })
    return () => element?.removeEventListener('wheel', wheel)
  }, [box, width, zoom, span.from, span.to])
  // One step of the strip is reached by Tab, the others from it by arrows.
  const bars = lanes.bars.map((bar) => ({ index: bar.step.index ?? 0, from: bar.from, to: bar.to }))
  const [focused, setFocused] = useState<number>()
  const tabbed = bars.find((bar) => bar.index === (focused ?? step))?.index ?? bars[0]?.index
  const focusBar = (index: number | undefined) => {
    const bar = bars.find((one) => one.index === index)
    if (!bar) return
    setFocused(index)
    const drawn = box.current?.querySelector<SVGElement>(`[data-step="${bar.index}"]`)
    if (drawn) {
      drawn.focus()
      return
    }
    // Into view where the strip is zoomed.
    setAsked(within({ from: bar.from, to: bar.from + span.to - span.from }, lanes.length))
    wants.current = index
  }
  const wants = useRef<number>()
  useLayoutEffect(() => {
    if (wants.current === undefined) return
    const bar = box.current?.querySelector<SVGElement>(`[data-step="${wants.current}"]`)
    if (!bar) return
    wants.current = undefined
    bar.focus()
  })
  const key = (event: KeyboardEvent) => {
    const at = (event.target as Element).closest('[data-step]')?.getAttribute('data-step')
    const current = at == null ? -1 : bars.findIndex((bar) => bar.index === Number(at))
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '+' || event.key === '=') zoom(1.5)
    else if (event.key === '-') zoom(1 / 1.5)
    else if (event.key === '0') setAsked(undefined)
    else if (event.key === '[') pan(-0.2)
    else if (event.key === ']') pan(0.2)
    else if (event.target === box.current) {
      // From the strip to its steps: the one that is chosen, or the first.
      if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return
      focusBar(bars.find((bar) => bar.index === step)?.index ?? bars[0]?.index)
    } else if (current >= 0 && (event.key === 'Enter' || event.key === ' ')) onStep(bars[current]?.index ?? 0)
    else if (current >= 0 && event.key in by) focusBar(bars[Math.max(0, Math.min(bars.length - 1, current + (by[event.key] ?? 0)))]?.index)
    else return
    event.preventDefault()
  }

  const barsAt = top
  const powerAt = barsAt + lanes.rows * barHeight + 8
  const activityAt = powerAt + lanes.power.length * laneHeight
  const notesAt = activityAt + lanes.activity.length * laneHeight
  const height = notesAt + (lanes.notes.length > 0 ? laneHeight : 0) + 4
  const all = ticks(span, width)
  const shown = (bar: Span) => bar.to >= span.from && bar.from <= span.to

  return (
    <section class="timeline" aria-labelledby="timeline">
      <h2 id="timeline">Timeline <span class="faint">{duration(lanes.length)}</span>
        <span class="zoom">
          <button type="button" onClick={() => zoom(1.5)} aria-label="Zoom in">+</button>
          <button type="button" onClick={() => zoom(1 / 1.5)} aria-label="Zoom out" disabled={!asked}>−</button>
          <button type="button" onClick={() => setAsked(undefined)} disabled={!asked}>All</button>
        </span>
      </h2>
      <div ref={box} class={`strip${asked ? ' zoomed' : ''}`} tabIndex={0} role="group" onKeyDown={key}
        aria-label="Timeline: arrow keys go to the steps, Enter chooses one; + and - zoom, [ and ] move, 0 shows all"
        onPointerDown={(event) => { if (asked) drag.current = { x: event.clientX, span } }}
        onPointerMove={(event) => {
          const from = drag.current
          if (from && event.buttons === 1) setAsked(panned(from.span, lanes.length, ((from.x - event.clientX) / width) * (from.span.to - from.span.from)))
          else drag.current = undefined
        }}
        onPointerUp={() => { drag.current = undefined }}>
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`${steps.length} steps over ${duration(lanes.length)}`}>
          {all.map((at) => (
            <g key={at} class="tick"><line x1={x(at)} x2={x(at)} y1={top - 4} y2={height} /><text x={x(at) + 3} y={12}>{tickText(at, all)}</text></g>
          ))}
          {lanes.bars.filter(shown).map((bar) => {
            const index = bar.step.index ?? 0
            const word = stepWord(bar.step.state)
            const left = Math.max(-2, x(bar.from))
            const wide = Math.max(3, Math.min(width + 2, x(bar.to)) - left)
            const y = barsAt + bar.row * barHeight
            // Beside the bar where it is too short for its words.
            const text = `${symbol(word)} ${visible(bar.step.text ?? '')}`
            const beside = wide < text.length * 6.5 && lanes.waterfall
            const flip = beside && left + wide + text.length * 6.5 > width && left > width / 2
            return (
              <g key={index} class={`task ${word}${index === step ? ' chosen' : ''}`} onClick={() => onStep(index)}
                role="button" data-step={index} tabIndex={index === tabbed ? 0 : -1} aria-pressed={index === step} aria-label={visible(stepSentence(bar.step))}
                onFocus={() => setFocused(index)}>
                <title>{visible(stepSentence(bar.step))}</title>
                <rect x={left} y={y + 1} width={wide} height={barHeight - 3} rx={3} />
                {beside || wide > 14 ? (
                  <text x={beside ? (flip ? left - 4 : left + wide + 4) : left + 4} y={y + 12.5} text-anchor={flip ? 'end' : 'start'}
                    class={beside ? 'beside' : ''}>{beside ? text : wholeWords(text, Math.floor((wide - 6) / 6.5))}</text>
                ) : null}
              </g>
            )
          })}
          {lanes.progress.map(({ step: index, points }) => {
            const bar = lanes.bars.find((one) => (one.step.index ?? 0) === index)
            if (!bar) return null
            const base = barsAt + (bar.row + 1) * barHeight - 2
            const line = points.map((point) => `${x(point.at).toFixed(1)},${(base - point.share * (barHeight - 4)).toFixed(1)}`).join(' ')
            return <polyline key={index} class="progress" points={line}><title>{`progress of step ${index + 1}`}</title></polyline>
          })}
          {lanes.power.map((lane, i) => {
            const y = powerAt + i * laneHeight
            return (
              <g key={lane.role} class="power">
                {lane.on.map((on, n) => <rect key={n} x={x(on.from)} y={y + 9} width={Math.max(1, x(on.to) - x(on.from))} height={8} />)}
                {lane.edges.map((edge, n) => (
                  <text key={n} x={x(seconds(edge.at))} y={y + 18} text-anchor="middle">
                    {edge.kind === 'KIND_RESET' ? '↻' : edge.kind === 'KIND_POWER_ON' ? '▲' : '▼'}
                    <title>{visible(`${markText(edge)}, at ${duration(seconds(edge.at))}`)}</title>
                  </text>
                ))}
                <text class="lane" x={4} y={y + 7}>{visible(`power ${lane.role}`)}</text>
              </g>
            )
          })}
          {lanes.activity.map((lane, i) => {
            const y = activityAt + i * laneHeight
            return (
              <g key={lane.role} class="activity">
                {lane.bytes.map((bytes, n) => {
                  if (bytes === 0) return null
                  const tall = Math.max(1.5, (Math.log1p(bytes) / Math.log1p(lane.most)) * (laneHeight - 10))
                  const wide = Math.max(1, x((n + 1) * lane.span) - x(n * lane.span))
                  return <rect key={n} x={x(n * lane.span)} y={y + laneHeight - 2 - tall} width={wide} height={tall} />
                })}
                <text class="lane" x={4} y={y + 8}>{visible(`console ${lane.role}`)}</text>
              </g>
            )
          })}
          {lanes.notes.map((note, n) => (
            <text key={n} class="note" x={x(seconds(note.at))} y={notesAt + 16} text-anchor="middle">
              {note.kind === 'KIND_NOTE' ? '✎' : '◆'}<title>{visible(markText(note))}</title>
            </text>
          ))}
        </svg>
      </div>
      {timeline?.cut ? <p class="faint">{visible(timeline.cut)}</p> : null}
      {lanes.notes.length > 0 ? (
        <details class="notes"><summary>{lanes.notes.length} notes and measurements</summary>
          <ul>{lanes.notes.slice(0, 500).map((note, n) => <li key={n}><span class="mono faint">{duration(seconds(note.at))}</span> {visible(markText(note))}</li>)}</ul>
        </details>
      ) : null}
    </section>
  )
}
