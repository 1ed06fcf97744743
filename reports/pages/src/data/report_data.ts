// The data inside a static report's file. Pure.
import type { StaticReportJson } from '../proto/assay/v1/web_pb.ts'

export function read(text: string | null | undefined): { report?: StaticReportJson; problem: string } {
  const again = 'Make it again: assay report RUN --html FILE.'
  if (text === null || text === undefined) return { problem: `The file has no data in it. ${again}` }
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    return { problem: `The data in the file is cut off or damaged. ${again}` }
  }
  if (typeof data !== 'object' || data === null || !('run' in data) || typeof data.run !== 'object' || data.run === null) {
    return { problem: `The file holds no run. ${again}` }
  }
  return { report: data as StaticReportJson, problem: '' }
}
