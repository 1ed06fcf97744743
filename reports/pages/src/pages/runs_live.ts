// One page of runs that stays right while runs change.
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { LiveState } from '../data/source.ts'
import type { ListRunsResponseJson, RunJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { useLoad, useSource, type Loaded } from '../shell/load.tsx'
import { filterNames, hear, pageOf, pageQuery, type Filters, type RunPage } from './run_list.ts'

export interface LiveRuns {
  loaded: Loaded<ListRunsResponseJson>
  page: RunPage
  state: LiveState
  // Ms since 1970: the page is as it was then.
  lostAt: number | undefined
  // Asks for the page again, with what is fresh.
  renew: () => void
}

export function useLiveRuns(filters: Filters, token: string, size: number): LiveRuns {
  const source = useSource()
  const [heard, setHeard] = useState<ReadonlyMap<string, RunJson>>(new Map())
  const [state, setState] = useState<LiveState>('connecting')
  const [lostAt, setLostAt] = useState<number>()
  const key = filterNames.map((name) => filters[name]).join('\n')
  const loaded = useLoad((signal) => source.runs(pageQuery(filters, token, size), signal), [source, key, token, size])
  const reload = useRef(loaded.reload)
  reload.current = loaded.reload

  useEffect(() => {
    // Changes may come faster than a page is drawn: together, then.
    let waiting: RunJson[] = []
    let frame: ReturnType<typeof setTimeout> | undefined
    const stop = source.liveRuns({
      change: ({ run }) => {
        if (run === undefined) return
        waiting.push(run)
        frame ??= setTimeout(() => {
          const all = waiting
          waiting = []
          frame = undefined
          setHeard((old) => all.reduce<ReadonlyMap<string, RunJson>>(hear, old))
        }, 30)
      },
      state: (now) => {
        setState(now)
        if (now === 'lost') setLostAt((since) => since ?? Date.now())
        if (now === 'live') setLostAt(undefined)
        // What changed before the connection stood, nobody told us.
        if (now === 'live') reload.current()
      },
    })
    return () => {
      clearTimeout(frame)
      stop()
    }
  }, [source])

  const { data } = loaded
  // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` says what the filters are
  const page = useMemo(() => pageOf(data ?? {}, heard, filters, token === ''), [data, heard, key, token])
  const renew = useCallback(() => {
    // What is not on the page afterwards does not match, whatever we think.
    setHeard((old) => new Map([...old].filter(([id]) => !page.fresh.includes(id))))
    reload.current()
  }, [page])
  return { loaded, page, state, lostAt, renew }
}
