import type { ComponentChildren } from 'preact'
import { useSource } from '../../shell/load.tsx'

// A link to another page; a static report has only this one.
export function PageLink({ to, children }: { to: string; children: ComponentChildren }) {
  return useSource().isStatic ? <span>{children}</span> : <a href={to}>{children}</a>
}
