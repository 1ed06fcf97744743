// The lines of one console that are known here: blocks of 500, the least recently
// used forgotten, those that are looked at and missing asked for, those of a live
// connection put in. Changes are told to subscribers at once, without a timer.
import { number } from '../../data/format.ts'
import type { ConsoleLineJson, ConsoleLinesJson } from '../../proto/assay/v1/web_pb.ts'

export const blockSize = 500
const kept = 60 // blocks

export type Ask = (from: number, count: number) => Promise<ConsoleLinesJson>
interface Block {
  lines: (ConsoleLineJson | undefined)[]
  state: 'idle' | 'asked' | 'refused'
}

export class LineStore {
  // Lines there are by now; undefined: not known yet.
  total: number | undefined
  bytes = 0
  ended = false
  // In words: what is not there.
  cut = ''
  // Why lines that were asked for did not come.
  problem = ''
  private readonly blocks = new Map<number, Block>()
  private readonly subscribers = new Set<() => void>()
  private beginning = false
  private began: number | undefined

  constructor(private readonly ask: Ask) {}

  subscribe(tell: () => void): () => void {
    this.subscribers.add(tell)
    return () => this.subscribers.delete(tell)
  }

  line(n: number): ConsoleLineJson | undefined {
    return this.blocks.get(Math.floor(n / blockSize))?.lines[n % blockSize]
  }

  // The number of lines, and the first or (`from` < 0) last ones.
  begin(from: number) {
    if (this.total !== undefined || this.beginning) return
    this.beginning = true
    this.began = from
    this.fetch(from < 0 ? from : Math.floor(from / blockSize) * blockSize, from < 0 ? -from : blockSize, undefined)
  }

  // Lines `from` to `to` (not included) are looked at.
  want(from: number, to: number) {
    const end = Math.min(to, this.total ?? 0)
    for (let b = Math.floor(Math.max(0, from) / blockSize); b * blockSize < end; ++b) {
      const block = this.touch(b)
      if (block.state !== 'idle') continue
      const first = Math.max(from, b * blockSize)
      const last = Math.min(end, (b + 1) * blockSize)
      for (let n = first; n < last; ++n) {
        if (block.lines[n % blockSize] !== undefined) continue
        block.state = 'asked'
        this.fetch(b * blockSize, blockSize, block)
        break
      }
    }
  }

  retry() {
    this.problem = ''
    for (const block of this.blocks.values()) if (block.state === 'refused') block.state = 'idle'
    if (this.began !== undefined) this.begin(this.began)
    this.tell()
  }

  take(answer: ConsoleLinesJson) {
    const from = number(answer.from)
    answer.lines?.forEach((line, i) => {
      const n = from + i
      const lines = this.touch(Math.floor(n / blockSize)).lines
      const old = lines[n % blockSize]
      // An answer may be overtaken by a newer one.
      const older = old && (line.open === true) && (old.open !== true || (old.text ?? '').length > (line.text ?? '').length)
      if (older !== true) lines[n % blockSize] = line
    })
    this.total = Math.max(this.total ?? 0, number(answer.total), from + (answer.lines?.length ?? 0))
    this.bytes = Math.max(this.bytes, number(answer.bytes))
    this.ended ||= answer.ended === true
    if (answer.cut !== undefined && answer.cut !== '') this.cut = answer.cut
    this.forget()
    this.tell()
  }

  private touch(b: number): Block {
    const block = this.blocks.get(b) ?? { lines: [], state: 'idle' }
    this.blocks.delete(b)
    this.blocks.set(b, block)
    return block
  }

  private forget() {
    for (const [b, block] of this.blocks) {
      if (this.blocks.size <= kept) return
      if (block.state !== 'asked') this.blocks.delete(b)
    }
  }

  private fetch(from: number, count: number, block: Block | undefined) {
    this.ask(from, count).then(
      (answer) => {
        if (block) block.state = 'idle'
        this.take(answer)
        if (!block) return
        // What is still missing of what there was when it was answered is not there:
        // asked again it would be missing again.
        const last = Math.min(blockSize, number(answer.total) - from)
        for (let i = 0; i < last; ++i) if (block.lines[i] === undefined) block.state = 'refused'
      },
      (error: unknown) => {
        this.problem = error instanceof Error ? error.message : String(error)
        if (block) block.state = 'refused'
        this.beginning = false
        this.tell()
      })
  }

  private tell() {
    for (const tell of this.subscribers) tell()
  }
}

// Of every attempt and role of a run.
export class Consoles {
  private readonly stores = new Map<string, LineStore>()
  constructor(private readonly ask: (attempt: string, role: string, from: number, count: number) => Promise<ConsoleLinesJson>) {}

  of(attempt: string, role: string): LineStore {
    const key = JSON.stringify([attempt, role])
    let store = this.stores.get(key)
    if (!store) {
      store = new LineStore((from, count) => this.ask(attempt, role, from, count))
      this.stores.set(key, store)
    }
    return store
  }
  take(answer: ConsoleLinesJson) {
    this.of(answer.attempt ?? '', answer.role ?? '').take(answer)
  }
}
