import type { ComponentType } from 'preact'
import { useEffect, useErrorBoundary } from 'preact/hooks'
import { visible } from '../data/visible.ts'
import { Board } from '../pages/board.tsx'
import { Compare } from '../pages/compare.tsx'
import { Matrix } from '../pages/matrix.tsx'
import { Now } from '../pages/now.tsx'
import { Plan } from '../pages/plan.tsx'
import { Plans } from '../pages/plans.tsx'
import { Boards } from '../pages/boards.tsx'
import { RunPage } from '../pages/run.tsx'
import { Runs } from '../pages/runs.tsx'
import { Empty } from './load.tsx'
import { NavLink, usePlace } from './router.tsx'
import { ThemeButton } from './theme.tsx'

// One page per row: the address, and what shows it. :id is handed over.
const pages: readonly { path: RegExp; title: (id: string) => string; page: ComponentType<{ id: string }> }[] = [
  { path: /^\/$/, title: () => 'Now', page: Now },
  { path: /^\/runs$/, title: () => 'Runs', page: Runs },
  { path: /^\/runs\/([^/]+)$/, title: (id) => `Run ${id}`, page: RunPage },
  { path: /^\/matrix$/, title: () => 'Matrix', page: Matrix },
  { path: /^\/compare$/, title: () => 'Compare', page: Compare },
  { path: /^\/plans$/, title: () => 'Plans', page: Plans },
  { path: /^\/plans\/([^/]+)$/, title: (id) => `Plan ${id}`, page: Plan },
  { path: /^\/boards$/, title: () => 'Boards', page: Boards },
  { path: /^\/boards\/([^/]+)$/, title: (id) => `Board ${id}`, page: Board },
]

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function Page() {
  const { path } = usePlace()
  for (const { path: pattern, title, page: Shown } of pages) {
    const match = pattern.exec(path)
    if (!match) continue
    const id = decoded(match[1] ?? '')
    return <Titled title={title(id)}><Shown key={path} id={id} /></Titled>
  }
  return <Empty title="No such page"><p><a href="/">What runs now</a> · <a href="/runs">All runs</a></p></Empty>
}

function Titled({ title, children }: { title: string; children: preact.ComponentChildren }) {
  useEffect(() => {
    document.title = visible(`${title} · Assay`)
  }, [title])
  return <>{children}</>
}

export function App() {
  const [error, reset] = useErrorBoundary() as [unknown, () => void]
  return (
    <>
      <a class="skip" href="#main">Skip to the page</a>
      <header class="top">
        <a class="brand" href="/" aria-label="Assay: now">Assay</a>
        <nav aria-label="Pages">
          <NavLink to="/">Now</NavLink>
          <NavLink to="/runs">Runs</NavLink>
          <NavLink to="/matrix">Matrix</NavLink>
          <NavLink to="/plans">Plans</NavLink>
          <NavLink to="/boards">Boards</NavLink>
        </nav>
        <ThemeButton />
      </header>
      <main id="main" tabIndex={-1}>
        {error === undefined ? <Page /> : (
          <section class="state" role="alert">
            <h2>This page broke</h2>
            <p>{error instanceof Error ? error.message : "without a reason"}</p>
            <button type="button" onClick={reset}>Try again</button>
          </section>
        )}
      </main>
    </>
  )
}
