// What differs between two consoles without meaning anything. Pure.
import { withoutEscapes } from './visible.ts'

const always: readonly [RegExp, string][] = [
  // Zephyr's "[00:00:01.234,000]", Linux' "[    1.234567]".
  [/\[\s*\d\d:\d\d:\d\d[.,]\d+(?:,\d+)?\]/g, '[time]'],
  [/\[\s*\d+\.\d{3,9}\]/g, '[time]'],
  // ISO 8601, and a time of day.
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/g, 'time'],
  [/\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b/g, 'time'],
  // "in 12.5 ms", "took 3 s".
  [/\b\d+(?:\.\d+)?(?= ?(?:us|µs|ms|s|sec|seconds)\b)/g, 'n'],
]
const addresses: readonly [RegExp, string][] = [[/\b0x[0-9a-f]{4,16}\b/gi, '0x…'], [/\b[0-9a-f]{8}(?:[0-9a-f]{8})?\b(?=:)/gi, '…']]

// Lines are equal when these are.
export function normalised(line: string, withAddresses: boolean): string {
  let text = withoutEscapes(line).trimEnd()
  for (const [pattern, by] of withAddresses ? [...always, ...addresses] : always) text = text.replace(pattern, by)
  return text
}
