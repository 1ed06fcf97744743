// The images of two runs: which are the same bytes, and what differs in those that
// are not.
import { differences, pairArtifacts, type Pair } from '../../data/compare.ts'
import { bytes, number } from '../../data/format.ts'
import { Text } from '../../parts/text.tsx'
import type { NamedArtifactJson, RunJson } from '../../proto/assay/v1/orchestrator_pb.ts'
import type { ArtifactInfoJson } from '../../proto/assay/v1/web_pb.ts'
import { Show, useLoad, useSource } from '../../shell/load.tsx'
import { Table } from './table.tsx'

function facts(artifact: NamedArtifactJson, info: ArtifactInfoJson | undefined): Record<string, string> {
  const all: Record<string, string> = {
    'file': artifact.fileName ?? '',
    'SHA-256': artifact.sha256 ?? '',
    'size': bytes(number(artifact.size)),
    'format': info?.format ?? '',
  }
  for (const fact of info?.facts ?? []) all[fact.name ?? ''] = fact.value ?? ''
  if ((info?.problem ?? '') !== '') all['problem'] = info?.problem ?? ''
  return all
}

function Changed({ a, b, ids }: { a: NamedArtifactJson; b: NamedArtifactJson; ids: readonly [string, string] }) {
  const source = useSource()
  // One that is no longer stored is compared by what the run knows of it.
  const info = (artifact: NamedArtifactJson, signal: AbortSignal) => source.artifact(artifact.sha256 ?? '', signal).catch(() => undefined)
  const loaded = useLoad((signal) => Promise.all([info(a, signal), info(b, signal)]), [source, a.sha256, b.sha256])
  return (
    <Show loaded={loaded} what="what is known of them">
      {([infoA, infoB]) => <Table rows={differences(facts(a, infoA), facts(b, infoB))} what="Fact" ids={ids} />}
    </Show>
  )
}

export function Artifacts({ a, b }: { a: RunJson; b: RunJson }) {
  const pairs = pairArtifacts(a, b)
  if (pairs.length === 0) return null
  const same = pairs.filter((pair) => pair.a && pair.b && pair.a.sha256 === pair.b.sha256)
  const name = (pair: Pair<NamedArtifactJson>) => pair.a?.name ?? pair.b?.name ?? ''
  return (
    <>
      <h2>Images</h2>
      {same.length === 0 ? null : (
        <p class="faint">The same bytes in both: {same.map((pair, i) => <>{i === 0 ? '' : ', '}<Text of={name(pair)} mono /></>)}</p>
      )}
      {pairs.filter((pair) => !same.includes(pair)).map((pair) => (
        <section key={name(pair)}>
          <h3><Text of={name(pair)} mono /></h3>
          {pair.a && pair.b ? <Changed a={pair.a} b={pair.b} ids={[a.id ?? '', b.id ?? '']} />
            : <p>Only in {pair.a ? a.id : b.id}.</p>}
        </section>
      ))}
    </>
  )
}
