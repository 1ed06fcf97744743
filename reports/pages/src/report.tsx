// The static report: one run with its evidence, from the data inside the file.
import { render } from 'preact'
import { embeddedSource } from './data/embedded.ts'
import { read } from './data/report_data.ts'
import { visible } from './data/visible.ts'
import { StaticReport } from './pages/static_report.tsx'
import { SourceContext } from './shell/load.tsx'
import { Router } from './shell/router.tsx'
import './shell/style.css'

const place = document.getElementById('app')
if (place) {
  place.replaceChildren()
  const { report, problem } = read(document.getElementById('assay-report')?.textContent)
  if (report) {
    document.title = visible(`${report.run?.id ?? 'A run'} of ${report.run?.plan ?? ''} · Assay report`)
    render(<SourceContext.Provider value={embeddedSource(report)}><Router><StaticReport report={report} /></Router></SourceContext.Provider>, place)
  } else {
    render(<main><section class="state" role="alert"><h1>This report cannot be shown</h1><p>{problem}</p></section></main>, place)
  }
}
