// What turns one list of lines into another: Myers' greedy algorithm ("An O(ND)
// Difference Algorithm and Its Variations", 1986), with the equal ends cut off
// first. Pure.

export type Op = 'same' | 'removed' | 'added'
export interface Change {
  op: Op
  a: number // index into a; of 'added': where it would stand
  b: number // index into b; of 'removed': where it would stand
}

const mostEdits = 2000 // past that the rest is removed and added whole

// Keys that are equal make lines equal. The result has every line of both, in order;
// among lines that differ the removed ones come first.
export function diff(a: readonly string[], b: readonly string[], limit = mostEdits): Change[] {
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) ++head
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) ++tail
  const changes: Change[] = []
  const same = (count: number, x: number, y: number) => {
    for (let i = 0; i < count; ++i) changes.push({ op: 'same', a: x + i, b: y + i })
  }
  same(head, 0, 0)
  changes.push(...middle(numbered(a, b, head, tail), head, limit))
  same(tail, a.length - tail, b.length - tail)
  return removedFirst(changes)
}

// Lines as numbers: comparing long texts over and over would be slow.
function numbered(a: readonly string[], b: readonly string[], head: number, tail: number) {
  const numbers = new Map<string, number>()
  const number = (line: string) => {
    const known = numbers.get(line)
    if (known !== undefined) return known
    numbers.set(line, numbers.size)
    return numbers.size - 1
  }
  return { a: a.slice(head, a.length - tail).map(number), b: b.slice(head, b.length - tail).map(number) }
}

interface Path {
  before: Int32Array[] // by number of edits: how far each diagonal went with one fewer
  edits: number
  x: number // where it ends
  y: number
}

// Greedy: with ever more edits, as far as one comes on every diagonal k = x - y.
function search(a: readonly number[], b: readonly number[], limit: number): Path {
  const most = Math.min(a.length + b.length, limit)
  const zero = most + 1
  const reach = new Int32Array(2 * most + 3)
  const at = (k: number) => reach[zero + k] ?? 0
  const before: Int32Array[] = []
  for (let edits = 0; edits <= most; ++edits) {
    before.push(reach.slice(zero - edits, zero + edits + 1))
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && at(k - 1) < at(k + 1))
      let x = down ? at(k + 1) : at(k - 1) + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) ++x
      reach[zero + k] = x
      if (x >= a.length && x - k >= b.length) return { before, edits, x: a.length, y: b.length }
    }
  }
  let best = { before, edits: most, x: 0, y: 0 } // too different: as far as it came
  for (let k = -most; k <= most; k += 2) {
    const x = at(k)
    if (x <= a.length && x - k <= b.length && x - k >= 0 && 2 * x - k > best.x + best.y) best = { ...best, x, y: x - k }
  }
  return best.x + best.y === 0 ? { ...best, edits: 0 } : best
}

function middle({ a, b }: { a: number[]; b: number[] }, head: number, limit: number): Change[] {
  const path = search(a, b, limit)
  const changes: Change[] = [] // from the end
  const push = (op: Op, x: number, y: number) => changes.push({ op, a: head + x, b: head + y })
  for (let y = b.length; y > path.y;) push('added', path.x, --y)
  for (let x = a.length; x > path.x;) push('removed', --x, path.y)
  let { x, y } = path
  for (let edits = path.edits; edits > 0; --edits) {
    const before = path.before[edits]
    const at = (k: number) => before?.[edits + k] ?? 0
    const k = x - y
    const down = k === -edits || (k !== edits && at(k - 1) < at(k + 1))
    const fromX = down ? at(k + 1) : at(k - 1)
    const fromY = fromX - (down ? k + 1 : k - 1)
    while (x > fromX + (down ? 0 : 1)) push('same', --x, --y)
    push(down ? 'added' : 'removed', fromX, fromY)
    x = fromX
    y = fromY
  }
  while (x > 0) push('same', --x, --y)
  return changes.reverse()
}

// Within a stretch of lines that differ: what was removed, then what was added.
function removedFirst(changes: readonly Change[]): Change[] {
  const sorted: Change[] = []
  for (let i = 0; i < changes.length;) {
    let end = i
    while (end < changes.length && changes[end]?.op !== 'same') ++end
    const stretch = changes.slice(i, end)
    const removed = stretch.filter((change) => change.op === 'removed')
    const added = stretch.filter((change) => change.op === 'added')
    const last = removed.at(-1)
    const first = stretch[0]
    sorted.push(...removed.map((change) => ({ ...change, b: first?.b ?? 0 })),
      ...added.map((change) => ({ ...change, a: last ? last.a + 1 : change.a })))
    const same = changes[end]
    if (same) sorted.push(same)
    i = end + 1
  }
  return sorted
}

export interface Stretch {
  folded: boolean // nothing differs here, and it is not beside what does
  changes: Change[]
}
// Equal lines further than `context` from a difference are folded away.
export function fold(changes: readonly Change[], context = 3): Stretch[] {
  const near = new Uint8Array(changes.length)
  changes.forEach(({ op }, i) => {
    if (op !== 'same') near.fill(1, Math.max(0, i - context), i + context + 1)
  })
  const stretches: Stretch[] = []
  for (let i = 0; i < changes.length;) {
    let end = i
    while (end < changes.length && near[end] === near[i]) ++end
    // One line costs as much room as its fold.
    const folded = near[i] === 0 && end - i > 1
    const part = changes.slice(i, end)
    const last = stretches.at(-1)
    if (last && last.folded === folded) last.changes.push(...part)
    else stretches.push({ folded, changes: part })
    i = end
  }
  return stretches
}
