import { expect, it } from 'vitest'
import { read } from '../src/data/report_data.ts'

it.each([
  [undefined, 'The file has no data in it. Make it again: assay report RUN --html FILE.'],
  ['{"run": {"id": "r1"', 'The data in the file is cut off or damaged. Make it again: assay report RUN --html FILE.'],
  ['{}', 'The file holds no run. Make it again: assay report RUN --html FILE.'],
  ['null', 'The file holds no run. Make it again: assay report RUN --html FILE.'],
  ['{"run": 7}', 'The file holds no run. Make it again: assay report RUN --html FILE.'],
])('of %j says what is wrong', (text, problem) => expect(read(text)).toEqual({ problem }))

it('reads a report', () => expect(read('{"run": {"id": "r1"}}').report?.run?.id).toBe('r1'))
