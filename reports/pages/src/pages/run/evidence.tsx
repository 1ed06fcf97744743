import { stepWord } from '../../data/format.ts'
import { Text } from '../../parts/text.tsx'
import type { StepResultJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import { Line } from './line.tsx'
import { says } from './words.ts'

// What was to be seen beside what was seen, channel by channel.
export function Evidence({ step, onConsole }: { step: StepResultJson; onConsole: (() => void) | undefined }) {
  const findings = step.findings ?? []
  const lines = step.console ?? []
  const done = Number(step.progressDone ?? 0)
  const total = Number(step.progressTotal ?? 0)
  return (
    <div class="evidence">
      {step.sentence ? <p class={`because because-${stepWord(step.state)}`}><Text of={step.sentence} /></p> : null}
      {total > 0 ? <p><progress max={total} value={done} aria-label="progress" /> {Math.floor((done / total) * 100)} %{step.progressDoing ? `, ${step.progressDoing}` : ''}</p> : null}
      {findings.length > 0 ? (
        <table class="findings folds">
          <thead><tr><th>channel</th><th>expected</th><th>observed</th><th>says</th></tr></thead>
          <tbody>
            {findings.map((finding, i) => {
              const word = says[finding.says ?? 'SAYS_UNSPECIFIED']
              return (
                <tr key={i} class={`says-${word.word}`}>
                  <td data-name="channel"><Text of={finding.channel} /></td>
                  <td data-name="expected"><Text of={finding.expected} /></td>
                  <td data-name="observed"><Text of={finding.observed} /></td>
                  <td data-name="says" class="says"><span aria-hidden="true">{word.symbol}</span> {word.text}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      ) : null}
      {lines.length > 0 ? (
        <pre class="said" tabIndex={0} role="region" aria-label="Console lines that show it">
          {lines.map((line, i) => <div key={i}><Line text={line} /></div>)}
        </pre>
      ) : null}
      <p class="step-more">
        {step.place ? <span class="faint mono"><Text of={step.place} /></span> : null}
        {onConsole ? <button type="button" onClick={onConsole}>Show in the console</button> : null}
      </p>
    </div>
  )
}
