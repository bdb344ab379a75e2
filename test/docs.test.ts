import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLI } from './cli/virt-cpu.ts'
import { commandsOf, notPrinted } from './page-commands.ts'

const root = join(import.meta.dirname, '..')
const files = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true }).map(name => `docs/${name}`),
]

/** Commands of pages that need nothing but a checkout, and no other host. `test/e2e/walk.test.ts` runs the others. */
const shown = files
  .filter(name => name.endsWith('.md'))
  .flatMap(name => commandsOf(readFileSync(join(root, name), 'utf8')).map(one => ({ name, ...one })))
  .filter(({ text }) => /^(?:virt-cpu|echo) /.test(text) && !/[>&]|\\$|root@|npx /.test(text))
  .filter(({ text, shown }) => shown.some(Boolean) || text.includes('examples/'))

test('there are such commands', () => expect(shown.length).toBeGreaterThan(8))

test.each(shown)('$name: $text', ({ text, shown }) => {
  const script = `virt-cpu() { node '${CLI}' "$@"; }\n${text}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: root, encoding: 'utf8' })
  expect(status).toBeLessThan(2)
  expect(notPrinted(shown, `${stdout}\n${stderr}`)).toEqual([])
})

test('README has a line for every command', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const rows = readme.split('\n').filter(line => line.startsWith('| `'))
  const { stdout } = spawnSync('node', [CLI, '--help'], { encoding: 'utf8' })
  const names = Array.from(stdout.matchAll(/^ {4}([a-z][a-z-]+) {2,}\S/gm), ([, name = '']) => name)
  const hypervisors = (name: string) => name.replace(/^hypervisor-cpu-(?!baseline)/, '-')
  expect(names.filter(name => !rows.some(row => row.split(' | ')[0]?.includes(hypervisors(name))))).toEqual(
    [],
  )
})
