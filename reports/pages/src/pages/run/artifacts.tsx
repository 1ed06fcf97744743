// What was tested, and what of it differs from the last run that passed.
import { bytes } from '../../data/format.ts'
import { Text } from '../../parts/text.tsx'
import type { NamedArtifactJson, RunJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import { useLoad, useSource } from '../../shell/load.tsx'
import { PageLink } from './page_link.tsx'
import { changes } from './facts.ts'

const facts = (answer: { facts?: { name?: string; value?: string }[] } | undefined): [string, string][] =>
  (answer?.facts ?? []).map((fact) => [fact.name ?? '', fact.value ?? ''])

function Artifact({ of, before, other }: { of: NamedArtifactJson; before: NamedArtifactJson | undefined; other: string | undefined }) {
  const source = useSource()
  const sha = of.sha256 ?? ''
  const old = before?.sha256 ?? ''
  const loaded = useLoad(async (signal) => {
    const own = await source.artifact(sha, signal)
    // What it was compared with may be gone; then there is nothing to compare.
    const compared = old === '' || old === sha ? undefined : await source.artifact(old, signal).catch(() => undefined)
    return { own, compared }
  }, [sha, old])
  const rows = changes(facts(loaded.data?.own), loaded.data?.compared && facts(loaded.data.compared))
  const url = source.artifactUrl(sha)
  return (
    <section class="artifact card">
      <h3><Text of={of.name} /> <span class="faint"><Text of={of.fileName} /></span></h3>
      <p><span class="mono sha" title={sha}>{sha.slice(0, 16)}</span> · {bytes(Number(of.size ?? 0))}
        {url === undefined ? null : <> · <a href={url} download={of.fileName ?? sha}>Download</a></>}
        {other === undefined ? null : old === sha ? <> · <span class="faint">the same as in <PageLink to={`/runs/${other}`}>{other}</PageLink></span></>
          : old === '' ? <> · <span class="faint">{other} had none of this name</span></> : <> · differs from <PageLink to={`/runs/${other}`}>{other}</PageLink></>}</p>
      {loaded.failure ? <p class="faint">{loaded.failure.message}</p> : null}
      {loaded.data?.own.problem ? <p class="faint"><Text of={loaded.data.own.problem} /></p> : null}
      <dl class="run-facts">
        {rows.map(({ name, now, before: was }) => (
          <div key={name} class={was === undefined ? '' : 'differs'}>
            <dt><Text of={name} /></dt>
            <dd class="mono"><Text of={now ?? '–'} />{was === undefined ? null : <span class="was"> <span aria-hidden="true">≠</span><span class="hidden">differs from</span> <Text of={was === '' ? '–' : was} /></span>}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

export function Artifacts({ run, baseline }: { run: RunJson; baseline: RunJson | undefined }) {
  const all = run.artifacts ?? []
  if (all.length === 0) return null
  return (
    <section aria-labelledby="artifacts">
      <h2 id="artifacts">What was tested{baseline ? <span class="faint"> beside {baseline.id}, the last that passed before</span> : null}</h2>
      <div class="cards wide">
        {all.map((one) => (
          <Artifact key={one.name} of={one} other={baseline?.id}
            before={baseline?.artifacts?.find((old) => old.name === one.name)} />
        ))}
      </div>
    </section>
  )
}
