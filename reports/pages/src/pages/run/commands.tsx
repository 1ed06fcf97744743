import { Command } from '../../parts/copy.tsx'
import type { JobJson, RunJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import { reportCommand, retestCommand, runCommand } from './again.ts'

export function Again({ run, job }: { run: RunJson; job: JobJson | undefined }) {
  const several = (run.jobs?.length ?? 0) > 1
  return (
    <section class="again" aria-labelledby="again">
      <h2 id="again">Run it again like this</h2>
      <dl class="commands">
        <dt>The same run</dt><dd><Command text={retestCommand(run)} /></dd>
        <dt>{several ? 'This job, with files of your own' : 'With files of your own'}</dt><dd><Command text={runCommand(run, job)} /></dd>
        <dt>JUnit</dt><dd><Command text={reportCommand(run, 'junit')} /></dd>
        <dt>One file to mail or keep</dt><dd><Command text={reportCommand(run, 'html')} /></dd>
      </dl>
    </section>
  )
}
