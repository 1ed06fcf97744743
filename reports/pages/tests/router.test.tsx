import { act, cleanup, render, screen } from '@testing-library/preact'
import { afterEach, expect, it, vi } from 'vitest'
import { go, Router, setQuery, usePlace } from '../src/shell/router.tsx'

function Shown() {
  const { path, query, hash } = usePlace()
  return <p data-testid="place">{path}?{query.toString()}#{hash}</p>
}
const place = () => screen.getByTestId('place').textContent
afterEach(() => {
  vi.restoreAllMocks()
  cleanup()
})
window.scrollTo = () => undefined

it('keeps filters in the address', () => {
  history.replaceState(null, '', '/runs?a=1')
  render(<Router><Shown /></Router>)
  void act(() => setQuery({ b: 'x y', a: '' }))
  expect([place(), location.search]).toEqual(['/runs?b=x+y#', '?b=x+y'])
})

it('goes on in a file whose address may not change', () => {
  history.replaceState(null, '', '/report.html')
  render(<Router><Shown /></Router>)
  const refuse = () => { throw new DOMException('no', 'SecurityError') }
  vi.spyOn(history, 'replaceState').mockImplementation(refuse)
  vi.spyOn(history, 'pushState').mockImplementation(refuse)
  void act(() => setQuery({ attempt: 'r1.1.2' }))
  void act(() => go('/report.html?attempt=r1.1.2#dut-L3'))
  void act(() => setQuery({ step: '4' }))
  expect([place(), location.search]).toEqual(['/report.html?attempt=r1.1.2&step=4#dut-L3', ''])
})
