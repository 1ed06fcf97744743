// Regular expressions from a reader, for a page that has no RE2: JavaScript's engine
// tries every way to match, which some expressions make take for ever. Those that
// repeat what itself repeats are refused; of the others it is known how the time
// grows with the length of a line. Pure.
import { Failure } from './source.ts'

// How many characters of a line are looked at, by how often the expression repeats
// without an end: so that no line takes more than about a second.
const lengths = [4000, 4000, 1000, 250, 120] as const

interface Group {
  unbounded: boolean // repeats something without an end, or has alternatives
}
const problem = (why: string) => new Failure(400, `This expression cannot be searched for in a file: ${why}`)

// Of `pattern`, which the engine has accepted.
export function unboundedRepeats(pattern: string): number {
  const open: Group[] = [{ unbounded: false }]
  let last: Group | undefined // the group that was closed just before
  let count = 0
  for (let i = 0; i < pattern.length; ++i) {
    const closed: Group | undefined = last
    last = undefined
    switch (pattern[i]) {
      case '\\':
        if (/^\\(?:[1-9]|k<)/.test(pattern.slice(i))) throw problem('it refers back to what it matched.')
        ++i
        break
      case '[':
        for (++i; i < pattern.length && pattern[i] !== ']'; ++i) if (pattern[i] === '\\') ++i
        break
      case '(':
        if (/^\(\?<?[=!]/.test(pattern.slice(i))) throw problem('it looks ahead or behind.')
        open.push({ unbounded: false })
        break
      case ')': {
        const group = open.pop() ?? { unbounded: false }
        last = group
        const around = open.at(-1)
        if (around) around.unbounded ||= group.unbounded
        break
      }
      case '|': {
        const group = open.at(-1)
        if (group) group.unbounded = true
        break
      }
      default: {
        const repeat = /^(?:[*+]|\{\d+(?:,\d*)?\})/.exec(pattern.slice(i))?.[0]
        if (repeat === undefined) break
        if (closed?.unbounded === true) throw problem('it repeats a part that repeats itself or has alternatives.')
        if (/^\{\d+\}$/.test(repeat)) break // always as often
        const group = open.at(-1)
        if (group) group.unbounded = true
        ++count
        i += repeat.length - 1
      }
    }
  }
  return count
}

// Of a line, how much may be looked at with this expression; refuses those that may
// take for ever.
export const longestLine = (pattern: string): number => lengths[Math.min(unboundedRepeats(pattern), lengths.length - 1)] ?? 120

export function guarded(pattern: string, matchCase: boolean): (line: string) => boolean {
  let expression: RegExp
  try {
    expression = new RegExp(pattern, matchCase ? 'u' : 'iu')
  } catch (error) {
    throw new Failure(400, error instanceof Error ? error.message : String(error))
  }
  const most = longestLine(pattern)
  return (line) => expression.test(line.length > most ? line.slice(0, most) : line)
}

// What a reader must know of a search with this expression; '' is nothing.
export function searchLimit(pattern: string): string {
  try {
    const most = longestLine(pattern)
    return most < lengths[0] ? `In a file, this expression is searched for in the first ${most.toLocaleString('en')} characters of a line only.` : ''
  } catch {
    return '' // The search itself says it.
  }
}
