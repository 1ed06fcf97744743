// Facts of now beside those of before. Pure.
export interface Change {
  name: string
  now: string | undefined // undefined: it was there before only
  before: string | undefined // undefined: the same, or nothing to compare with
}

export function changes(now: readonly [string, string][], before: readonly [string, string][] | undefined): Change[] {
  const old = new Map(before ?? [])
  const all: Change[] = now.map(([name, value]) => {
    const was = before ? (old.get(name) ?? '') : undefined
    old.delete(name)
    return { name, now: value, before: was === value ? undefined : was }
  })
  for (const [name, value] of old) all.push({ name, now: undefined, before: value })
  return all
}
