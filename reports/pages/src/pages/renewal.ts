// For pages made of many runs: asked again when one of them changes, at most once in
// a while, and when the connection comes back.
import { useEffect, useRef, useState } from 'preact/hooks'
import type { LiveState } from '../data/source.ts'
import type { RunJson } from '../proto/assay/v1/orchestrator_pb.ts'
import { useSource } from '../shell/load.tsx'

const every = 1500 // ms

export function useRenewal(reload: () => void, concerns: (run: RunJson) => boolean): LiveState {
  const source = useSource()
  const [state, setState] = useState<LiveState>('connecting')
  const now = useRef({ reload, concerns })
  now.current = { reload, concerns }
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const soon = (ms: number) => {
      timer ??= setTimeout(() => {
        timer = undefined
        now.current.reload()
      }, ms)
    }
    const stop = source.liveRuns({
      change: ({ run }) => {
        if (run !== undefined && now.current.concerns(run)) soon(every)
      },
      state: (changed) => {
        setState(changed)
        if (changed === 'live') soon(0)
      },
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [source])
  return state
}
