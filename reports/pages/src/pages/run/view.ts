// The part of a console that is in view, and the ways to move it. Follows the end until
// somebody scrolls up.
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { rowHeight, scale, type Rows } from './rows.ts'
import { heights, inView, revealed, scrolledBy, tallOf, type Heights } from './wrapped.ts'

const spare = 20 // rows above and below the view
const guess = 480 // px, where nothing is laid out

export function useView(rows: Rows, follows: boolean, wrap: boolean) {
  const box = useRef<HTMLDivElement>(null)
  const body = useRef<HTMLDivElement>(null)
  const [{ view }, setSize] = useState({ view: guess, width: 0 })
  const [top, setTop] = useState(0) // rows of one height above the view
  const [full, setFull] = useState(0) // px, of wrapped rows if all of them are drawn
  const [follow, setFollow] = useState(follows)
  const ours = useRef(-1) // where we scrolled to: no word of the reader's
  const now = useRef(0)
  now.current = top
  const around = Math.ceil(view / rowHeight) + spare
  const drawsAll = wrap && rows.count <= around
  const height = Math.max(rows.count * rowHeight, drawsAll ? full : 0)
  const size = useMemo(() => scale(rows.count, view, height), [rows.count, view, height])
  const share = size.last > 0 ? Math.min(1, top / size.last) : 0
  const middle = Math.floor(wrap ? share * rows.count : top)
  const first = Math.max(0, middle - (wrap ? around : spare))
  const last = Math.min(rows.count, middle + around + (wrap ? 0 : 1))

  const move = useCallback((row: number, stay = false) => {
    const to = Math.max(0, Math.min(size.last, row))
    if (!stay) setFollow(to >= size.last - 0.5 && follows)
    now.current = to
    setTop(to)
    if (box.current) {
      box.current.scrollTop = size.toScroll(to)
      ours.current = box.current.scrollTop
    }
  }, [size, follows])
  useLayoutEffect(() => {
    if (follow) move(size.last, true)
  }, [follow, move, size.last])
  // The scroll bar means other rows than before: it is put where ours are.
  const before = useRef(size)
  useLayoutEffect(() => {
    const old = before.current
    before.current = size
    if (Math.abs(old.toScroll(now.current) - size.toScroll(now.current)) > 1) move(now.current, true)
  }, [size, move])
  useEffect(() => {
    const element = box.current
    if (!element) return
    const measure = () => setSize({ view: element.clientHeight || guess, width: element.clientWidth })
    measure()
    if (typeof ResizeObserver === 'undefined') return
    const watch = new ResizeObserver(measure)
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  // A notch of the wheel is a few lines, also where a pixel of the scroll bar is many.
  useEffect(() => {
    const element = box.current
    if (!element || !size.scaled) return
    const wheel = (event: WheelEvent) => {
      if (event.ctrlKey || event.shiftKey || event.deltaY === 0) return
      const px = event.deltaY * (event.deltaMode === 1 ? rowHeight : event.deltaMode === 2 ? view : 1)
      const to = Math.max(0, Math.min(size.last, now.current + px / rowHeight))
      if (to === now.current) return
      event.preventDefault()
      element.scrollLeft += event.deltaX
      move(to)
    }
    element.addEventListener('wheel', wheel, { passive: false })
    return () => element.removeEventListener('wheel', wheel)
  }, [size, view, move])
  // What wraps is as tall as it is: it is put in its place once it is laid out.
  const drawn = useRef<Heights>({ first: 0, tops: [0] })
  // eslint-disable-next-line react-hooks/exhaustive-deps -- any text may have made a row taller; it ends where that ends
  useLayoutEffect(() => {
    if (!wrap || !body.current) return
    drawn.current = heights(first, [...body.current.children].map((row) => (row as HTMLElement).offsetHeight || rowHeight))
    setFull(drawsAll ? tallOf(drawn.current) : 0)
    body.current.style.transform = `translateY(${size.toScroll(top) - scrolledBy(drawn.current, share, rows.count, view)}px)`
  })
  const scrolled = () => {
    const at = box.current?.scrollTop ?? 0
    if (Math.abs(at - ours.current) < 1) return
    ours.current = -1
    const to = size.toTop(at)
    setTop(to)
    setFollow(follows && to >= size.last - 0.5)
  }
  // No further than it must.
  const reveal = (row: number) => {
    const tall = view / rowHeight
    if (wrap) move(size.last * revealed(drawn.current, row, share, rows.count, view), true)
    else if (row < top) move(row, true)
    else if (row + 1 > top + tall) move(row + 1 - tall, true)
  }
  const page = () => Math.max(1, wrap ? inView(drawn.current, share, rows.count, view) : Math.floor(view / rowHeight))
  const shift = wrap ? undefined : Math.max(0, size.scaled ? size.toScroll(top) - (top - first) * rowHeight : first * rowHeight)
  return { box, body, view, top, size, first, last, shift, move, reveal, page, follow, setFollow, scrolled }
}
