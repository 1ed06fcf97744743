import type { Difference } from '../../data/compare.ts'
import { Text } from '../../parts/text.tsx'

const Value = ({ of }: { of: string | undefined }) => of === undefined ? <span class="faint">not there</span> : of === '' ? <span class="faint">–</span> : <Text of={of} mono />

// What differs, a column each.
export function Table({ rows, what, ids }: { rows: readonly Difference[]; what: string; ids: readonly [string, string] }) {
  return (
    <div class="table">
      <table class="folds differences">
        <thead><tr><th scope="col">{what}</th><th scope="col">{ids[0]}</th><th scope="col">{ids[1]}</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <td data-name={what}><Text of={row.name} /></td>
              <td data-name={ids[0]}><Value of={row.a} /></td>
              <td data-name={ids[1]}><Value of={row.b} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
