// Commands to copy, read back by a real shell.
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { reportCommand, retestCommand, runCommand, word } from '../../src/pages/run/again.ts'

const readBy = (command: string): string[] =>
  execFileSync('bash', ['-c', `set -- ${command}; printf '%s\\0' "$@"`]).toString().split('\0').slice(0, -1)

const hostile = ['', ' ', "it's", '"', '$(touch x)', '`id`', '\\', "\\'", "a'\\''b", '*', '~', '~root', '!!', '#x', '=ls', '-x', '--', 'a\nb', 'a\r\tb',
  '\u001b[31mred', 'x\u202etxt', '\u200b', '\u2028', '\u009b2J', '\u{e0041}', 'ä漢👍', '{a,b}', ';rm -rf /', '&&', '|', '>', '<(x)', 'a=b', '%1', '\u007f', '\u00011']

it.each(hostile.map((text) => [text]))('a shell reads %j as one word', (text) => {
  expect(readBy(word(text))).toEqual([text])
})
it('has nothing in it on which a terminal acts while it is pasted', () => {
  for (const text of hostile) expect(word(text)).not.toMatch(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u)
})
it('says all of a run', () => {
  const run = {
    id: 'r17', plan: 'ota-confirm', project: 'demo', rev: "v1 'x'", ref: 'main', priority: -5,
    artifacts: [{ name: 'base', fileName: 'my base.hex', sha256: 'aa' }, { name: 'update', sha256: 'bb' }],
  }
  const job = { profile: 'nrf', params: { boots: '3', a: '$x' } }
  expect(runCommand(run, job)).toBe("assay run ota-confirm --artifact 'base=my base.hex' --artifact update=bb --param 'a=$x' --param boots=3 " +
    "--profile nrf --project demo --rev 'v1 '\\''x'\\''' --ref main --priority=-5")
  expect(readBy(runCommand({ plan: '-x', rev: '--help' }, undefined))).toEqual(['assay', 'run', '--rev=--help', '--', '-x'])
})
it('names the other commands', () => {
  expect(retestCommand({ id: 'r17' })).toBe('assay retest r17')
  expect(reportCommand({ id: 'r17' }, 'junit')).toBe('assay report r17 --junit r17.xml')
  expect(reportCommand({ id: 'r17' }, 'html')).toBe('assay report r17 --html r17.html')
})
