import { useEffect, useState } from 'preact/hooks'

const themes = ['system', 'light', 'dark'] as const
type Theme = (typeof themes)[number]

function stored(): Theme {
  try {
    const text = localStorage.getItem('theme')
    return themes.find((theme) => theme === text) ?? 'system'
  } catch {
    return 'system' // a page without storage, like a file
  }
}

export function ThemeButton() {
  const [theme, setTheme] = useState(stored)
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
    try {
      localStorage.setItem('theme', theme)
    } catch {
      // Then it holds until the page is left.
    }
  }, [theme])
  const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system'
  return <button type="button" class="theme" onClick={() => setTheme(next)} title={`Colours: ${theme}; change to ${next}`}>
    <span aria-hidden="true">{{ system: '◐', light: '☀', dark: '☾' }[theme]}</span><span class="hidden">Colours: {theme}</span>
  </button>
}
