import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLI } from './cli/virt-cpu.ts'

const root = join(import.meta.dirname, '..')
const files = ['README.md', ...readdirSync(join(root, 'docs')).map(name => `docs/${name}`)]

interface Shown {
  readonly command: string
  /** The lines that the page shows under it, without those that are cut. */
  readonly lines: readonly string[]
}

/** Commands of a page's consoles that need nothing but a checkout; a console without one shows more of the last. */
function* shownIn(text: string): Generator<Shown> {
  let command = ''
  for (const [, block = ''] of text.matchAll(/^```console\n([\s\S]*?)^```/gm)) {
    for (const part of block.split(/^(?=\$ )/m)) {
      const [first = '', ...rest] = part.split('\n')
      if (first.startsWith('$ ')) command = first.slice(2)
      const lines = (first.startsWith('$ ') ? rest : [first, ...rest]).map(line => line.trimEnd())
      const ours = /^(?:virt-cpu|echo) /.test(command) && !/[>&]|\\$/.test(command)
      const alone = lines.some(Boolean) || command.includes('examples/')
      if (ours && alone) yield { command, lines: lines.filter(line => line && !line.includes('…')) }
    }
  }
}

const shown = files
  .filter(name => name.endsWith('.md'))
  .flatMap(name => [...shownIn(readFileSync(join(root, name), 'utf8'))].map(one => ({ name, ...one })))

test('there are such commands', () => expect(shown.length).toBeGreaterThan(8))

test.each(shown)('$name: $command', ({ command, lines }) => {
  const script = `virt-cpu() { node '${CLI}' "$@"; }\n${command}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: root, encoding: 'utf8' })
  expect(status).toBeLessThan(2)
  const printed = `${stdout}\n${stderr}`.split('\n').map(line => line.trimEnd())
  expect(lines.filter(line => !printed.includes(line))).toEqual([])
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
