import { visible } from '../data/visible.ts'

// A revision as people read it: a hash is cut, everything else stands in full.
export const shortRev = (rev: string): string => (/^[0-9a-f]{20,}$/i.test(rev) ? rev.slice(0, 10) : rev)

export function Rev({ rev, of = '' }: { rev: string | undefined; of?: string | undefined }) {
  if (rev === undefined || rev === '') return <span class="faint">–</span>
  return <bdi class="mono" title={visible(of === '' ? rev : `${rev} of ${of}`)}>{visible(shortRev(rev))}</bdi>
}
