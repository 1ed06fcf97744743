// Every list as CSV and JSON.
export interface Column<T> {
  name: string
  of: (row: T) => string | number
}

// RFC 4180; what a spreadsheet would take for a formula is made text.
export function csv<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const cell = (value: string | number) => {
    let text = String(value)
    if (typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const lines = [columns.map((c) => cell(c.name)), ...rows.map((row) => columns.map((c) => cell(c.of(row))))]
  return lines.map((line) => line.join(',') + '\r\n').join('')
}

export function save(name: string, type: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

export function Export<T>({ name, columns, rows }: {
  name: string
  columns: readonly Column<T>[]
  rows: readonly T[] | (() => Promise<readonly T[]>)
}) {
  const all = async () => (typeof rows === 'function' ? await rows() : rows)
  const asCsv = async () => save(`${name}.csv`, 'text/csv', csv(columns, await all()))
  const asJson = async () => save(`${name}.json`, 'application/json', JSON.stringify(await all(), null, 1))
  return (
    <span class="export">
      <button type="button" onClick={() => void asCsv()}>CSV</button>
      <button type="button" onClick={() => void asJson()}>JSON</button>
    </span>
  )
}
