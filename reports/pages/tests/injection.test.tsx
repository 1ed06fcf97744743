// Whatever a device, a commit, a file or a person wrote stays text on every page.
import { cleanup, render, waitFor } from '@testing-library/preact'
import { afterEach, expect, it, vi } from 'vitest'
import { embeddedSource } from '../src/data/embedded.ts'
import { StaticReport } from '../src/pages/static_report.tsx'
import { App } from '../src/shell/app.tsx'
import { SourceContext } from '../src/shell/load.tsx'
import { Router } from '../src/shell/router.tsx'
import { evil, hostileSource, report } from './hostile.ts'

// jsdom draws nothing, so that it has none of these.
window.scrollTo = () => undefined
Element.prototype.scrollIntoView = () => undefined
Element.prototype.scrollTo = () => undefined
globalThis.ResizeObserver = class {
  observe = () => undefined
  unobserve = () => undefined
  disconnect = () => undefined
}
for (const [name, value] of [['clientHeight', 600], ['clientWidth', 900], ['offsetHeight', 600], ['offsetWidth', 900]] as const) {
  Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => value })
}
const alert = vi.fn()
window.alert = alert
afterEach(cleanup)

// Anything that moves others about or is not seen, but for tabs.
const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029\u200b]/
const show = (text: string) => JSON.stringify(text)

function harmless(root: Element) {
  expect(root.querySelectorAll('img, script, iframe, object, embed, base, meta, link').length).toBe(0)
  for (const element of [root, ...root.querySelectorAll('*')]) {
    for (const { name, value } of element.attributes) {
      expect(name).not.toMatch(/^on/)
      expect(name).toMatch(/^[a-z][\w:-]*$/i)
      if (['href', 'src', 'xlink:href', 'action', 'formaction'].includes(name)) expect(value).not.toMatch(/^\s*(?:javascript|data|vbscript):/i)
      if (['title', 'aria-label', 'alt', 'placeholder', 'data-name'].includes(name) && raw.test(value)) throw new Error(`${element.tagName} has ${name}=${show(value)}`)
    }
    for (const node of element.childNodes) {
      const text = node.nodeType === Node.TEXT_NODE ? node.textContent ?? '' : ''
      if (raw.test(text)) throw new Error(`${element.tagName}.${element.getAttribute('class') ?? ''} shows ${show(text)}`)
    }
  }
  expect(alert).not.toHaveBeenCalled()
}

const board = encodeURIComponent(`board${evil}`)
const pages: readonly [string, string][] = [
  ['Now', '/'], ['Runs', '/runs'], ['a run', '/runs/r2'], ['a line of a run', '/runs/r2?attempt=r2.1.1&step=0'], ['the matrix', '/matrix'], ['plans', '/plans'],
  ['a plan', `/plans/${encodeURIComponent(`plan${evil}`)}`], ['boards', '/boards'], ['a board', `/boards/${board}`], ['comparing', '/compare?a=r1&b=r2'],
]

it.each(pages)('%s shows text as text', async (_, address) => {
  history.replaceState(null, '', address)
  const { container } = render(<SourceContext.Provider value={hostileSource()}><Router><App /></Router></SourceContext.Provider>)
  await waitFor(() => expect(container.textContent).toContain('<img src=x onerror="alert(1)">'))
  await new Promise((resume) => setTimeout(resume, 50)) // what is asked for after that
  for (const details of container.querySelectorAll('details')) details.open = true
  await new Promise((resume) => setTimeout(resume, 20))
  expect(container.textContent).not.toContain('This page broke')
  harmless(container)
  expect(document.title).not.toMatch(raw)
})

it('filters from the address are text', async () => {
  for (const name of ['a', 'b', 'text', 'project', 'ref', 'plan', 'verdict', 'status', 'limit', 'attempt', 'step', 'rows', 'builds']) {
    for (const page of ['/runs', '/matrix', '/compare', '/plans/p', '/boards/b', '/runs/r2']) {
      history.replaceState(null, '', `${page}?${name}=${encodeURIComponent(evil)}`)
      const { container } = render(<SourceContext.Provider value={hostileSource()}><Router><App /></Router></SourceContext.Provider>)
      await new Promise((resume) => setTimeout(resume, 5))
      expect(container.textContent).not.toContain('This page broke')
      harmless(container)
      cleanup()
    }
  }
}, 60_000)

it('the static report shows text as text', async () => {
  history.replaceState(null, '', '/report.html')
  const { container } = render(<SourceContext.Provider value={embeddedSource(report)}><Router><StaticReport report={report} /></Router></SourceContext.Provider>)
  await waitFor(() => expect(container.textContent).toContain(`<img src=x`))
  await new Promise((resume) => setTimeout(resume, 50))
  harmless(container)
})
