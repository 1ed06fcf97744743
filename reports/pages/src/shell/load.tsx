// Loading, empty, error and disconnected states, the same on every page.
import type { ComponentChildren } from 'preact'
import { createContext } from 'preact'
import { useCallback, useContext, useEffect, useState } from 'preact/hooks'
import { Failure, type LiveState, type Source } from '../data/source.ts'

export const SourceContext = createContext<Source | undefined>(undefined)
export function useSource(): Source {
  const source = useContext(SourceContext)
  if (!source) throw new Error('no SourceContext')
  return source
}

export interface Loaded<T> {
  data: T | undefined
  failure: Failure | undefined
  loading: boolean
  reload: () => void
}
// What `ask` answers, asked again when one of `keys` changes; the old answer stays
// until the new one is there.
export function useLoad<T>(ask: (signal: AbortSignal) => Promise<T>, keys: readonly unknown[]): Loaded<T> {
  const [state, setState] = useState<{ data?: T; failure?: Failure; loading: boolean }>({ loading: true })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const abort = new AbortController()
    setState((old) => ({ ...old, loading: true }))
    ask(abort.signal).then(
      (data) => { if (!abort.signal.aborted) setState({ data, loading: false }) },
      (error: unknown) => {
        if (abort.signal.aborted) return
        const failure = error instanceof Failure ? error : new Failure(0, String(error))
        setState((old) => ({ ...old, failure, loading: false }))
      })
    return () => abort.abort()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `keys` says what `ask` depends on
  }, [...keys, turn])
  const reload = useCallback(() => setTurn((n) => n + 1), [])
  return { data: state.data, failure: state.failure, loading: state.loading, reload }
}

export function Show<T>({ loaded, what, children }: {
  loaded: Loaded<T>
  what: string // "this run", for the texts
  children: (data: T) => ComponentChildren
}) {
  const { data, failure, loading, reload } = loaded
  if (data !== undefined && failure === undefined) return <>{children(data)}</>
  if (failure !== undefined) {
    return (
      <section class="state" role="alert">
        <h2>{failure.status === 404 ? 'Not here' : 'This did not work'}</h2>
        <p>{failure.message}</p>
        {failure.status === 404 ? <p><a href="/runs">All runs</a></p> : <p><button type="button" onClick={reload}>Try again</button></p>}
      </section>
    )
  }
  return loading ? <p class="state" role="status">Loading {what}…</p> : null
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return <section class="state"><h2>{title}</h2>{children}</section>
}

export function LiveBadge({ state }: { state: LiveState }) {
  const words: Record<LiveState, string> = {
    connecting: 'connecting…', live: 'live', lost: 'connection lost, trying again', ended: 'complete',
  }
  return <span class={`live live-${state}`} role="status">{words[state]}</span>
}
