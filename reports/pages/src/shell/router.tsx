// Addresses are the state: a page reads its filters from the query and writes them
// there. Links are ordinary links; a click on one changes the page without a load.
import { createContext } from 'preact'
import type { ComponentChildren, JSX } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'

export interface Place {
  path: string
  query: URLSearchParams
  hash: string
}
// A file that is open in a browser may not change its address everywhere: then the
// page remembers where it is by itself.
let remembered: URL | undefined
const address = (): { pathname: string; search: string; hash: string } => remembered ?? location
const here = (): Place => {
  const { pathname, search, hash } = address()
  return { path: pathname, query: new URLSearchParams(search), hash: hash.slice(1) }
}

const changed = 'assay:place'
// `replace`: a filter that is typed must not fill the history.
export function go(to: string, replace = false) {
  try {
    if (replace) history.replaceState(null, '', to)
    else history.pushState(null, '', to)
    remembered = undefined
  } catch {
    remembered = new URL(to, location.href)
  }
  dispatchEvent(new Event(changed))
  if (!replace && address().hash === '') {
    scrollTo(0, 0)
    // Whoever reads by ear or keyboard begins at the new page's top.
    document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true })
  }
}
// The query with some parameters set ('' removes one); what else is there stays.
export function setQuery(change: Record<string, string>, replace = true) {
  const { pathname, search, hash } = address()
  const query = new URLSearchParams(search)
  for (const [name, value] of Object.entries(change)) {
    if (value === '') query.delete(name)
    else query.set(name, value)
  }
  const text = query.toString()
  go(pathname + (text === '' ? '' : `?${text}`) + hash, replace)
}

const PlaceContext = createContext<Place>(here())
export const usePlace = () => useContext(PlaceContext)

export function Router({ children }: { children: ComponentChildren }) {
  const [place, setPlace] = useState(here)
  useEffect(() => {
    const update = (event: Event) => {
      if (event.type !== changed) remembered = undefined // the browser moved by itself
      setPlace(here())
    }
    for (const event of [changed, 'popstate', 'hashchange']) addEventListener(event, update)
    const click = (event: MouseEvent) => {
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      const link = (event.target as Element | null)?.closest('a')
      if (!link || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin) return
      if (link.pathname.startsWith('/api/')) return
      if (link.pathname === location.pathname && link.search === location.search && link.hash !== '') return
      event.preventDefault()
      go(link.pathname + link.search + link.hash)
    }
    document.addEventListener('click', click)
    return () => {
      for (const event of [changed, 'popstate', 'hashchange']) removeEventListener(event, update)
      document.removeEventListener('click', click)
    }
  }, [])
  return <PlaceContext.Provider value={place}>{children}</PlaceContext.Provider>
}

// aria-current for the entry of the navigation that one is in.
export function NavLink({ to, children }: { to: string; children: ComponentChildren }): JSX.Element {
  const { path } = usePlace()
  const current = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`)
  return <a href={to} {...(current ? { 'aria-current': 'page' as const } : {})}>{children}</a>
}
