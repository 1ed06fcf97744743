import { render } from 'preact'
import { httpSource } from './data/http.ts'
import { App } from './shell/app.tsx'
import { SourceContext } from './shell/load.tsx'
import { Router } from './shell/router.tsx'
import './shell/style.css'

const place = document.getElementById('app')
if (place) {
  place.replaceChildren()
  render(<SourceContext.Provider value={httpSource}><Router><App /></Router></SourceContext.Provider>, place)
}
