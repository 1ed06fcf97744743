// "Run it again like this": commands for a POSIX shell that may be pasted whatever
// the plan, the revision or a file is called. Pure.
import { quoted } from '../../parts/copy.tsx'
import type { JobJson, RunJson } from '../../proto/assay/v1/orchestrator_pb.ts'

// A terminal acts on these while they are pasted, or they hide what is pasted:
// written as $'\x1b', which bash, zsh and ksh read.
const unsafe = /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u
const everyUnsafe = new RegExp(unsafe, 'gu')
const utf8 = new TextEncoder()

export function word(text: string): string {
  if (!unsafe.test(text)) return text.startsWith('=') ? `'${text.replaceAll("'", "'\\''")}'` : quoted(text)
  const inside = text.replace(/[\\']/g, '\\$&').replace(everyUnsafe, (character) =>
    [...utf8.encode(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''))
  return `$'${inside}'`
}

// A value that begins with '-' would be taken for an option.
const option = (name: string, value: string) => (value.startsWith('-') ? [word(`${name}=${value}`)] : [name, word(value)])

// `job`: of several, the one that is looked at.
export function runCommand(run: RunJson, job: JobJson | undefined): string {
  const words = ['assay', 'run']
  const plan = run.plan ?? ''
  if (!plan.startsWith('-')) words.push(word(plan))
  for (const artifact of run.artifacts ?? []) {
    const file = artifact.fileName ?? ''
    words.push(...option('--artifact', `${artifact.name ?? ''}=${file === '' ? artifact.sha256 ?? '' : file}`))
  }
  const params = Object.entries(job?.params ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, value] of params) words.push(...option('--param', `${name}=${value}`))
  const rest: [string, string | undefined][] = [
    ['--profile', job?.profile], ['--project', run.project], ['--rev', run.rev], ['--ref', run.ref],
    ['--priority', run.priority === undefined || run.priority === 0 ? undefined : String(run.priority)],
  ]
  for (const [name, value] of rest) if (value !== undefined && value !== '') words.push(...option(name, value))
  if (plan.startsWith('-')) words.push('--', word(plan))
  return words.join(' ')
}

export const retestCommand = (run: RunJson) => `assay retest ${word(run.id ?? '')}`
export const reportCommand = (run: RunJson, form: 'junit' | 'html') =>
  `assay report ${word(run.id ?? '')} --${form} ${word(`${run.id ?? 'run'}.${form === 'junit' ? 'xml' : 'html'}`)}`
