import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { NO_REFERENCE, reference } from '../reference.ts'
import { virtCpuMeanwhile } from './virt-cpu.ts'

/** What virsh did with a file. */
interface Observed {
  readonly command: string
  readonly file: string
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const folder = reference('virsh-observed')
const map = reference('libvirt-11.3', 'cpu_map')

function observed(log: string): Observed[] {
  const text = readFileSync(join(folder ?? '', log), 'utf8')
  const entry = /^\$ virsh (\S+) (\S+)\nrc=(\d)\n--stdout\n(.*?)--stderr\n(.*?)(?=^\$ virsh |(?![\s\S]))/gms
  return [...text.matchAll(entry)].map(([, command = '', file = '', rc, stdout = '', stderr = '']) => ({
    command,
    file,
    status: Number(rc),
    stdout,
    stderr: stderr.replace(/\n+$/, ''),
  }))
}

/** The log keeps about the first 800 characters of stdout and 600 of stderr. */
const sameAs = (recorded: string, got: string): boolean =>
  got === recorded || (recorded.length > 550 && got.startsWith(recorded))

function runOn({ command, file }: Observed, cwd: string) {
  const host = command === 'cpu-compare' ? ['--host', join(folder ?? '', 'capabilities.xml')] : []
  return virtCpuMeanwhile(['--cpu-map', map ?? '', command, file, ...host], cwd)
}

function exceptions(): Map<string, string> {
  const text = readFileSync(join(import.meta.dirname, '..', 'e2e', 'virsh-exceptions.txt'), 'utf8')
  const lines = text.split('\n').filter(line => line && !line.startsWith('#'))
  return new Map(
    lines.map(line => /^(\S+ \S+)\s+(.+)$/.exec(line) ?? []).map(([, key = '', why = '']) => [key, why]),
  )
}

describe.skipIf(!folder || !map)(`as virsh did (${folder ? 'observed' : NO_REFERENCE})`, () => {
  const input = join(folder ?? '', 'in')
  const cases = folder ? ['cpu-compare-all.log', 'cpu-baseline-all.log'].flatMap(observed) : []
  const known = exceptions()

  for (const seen of cases.filter(({ file }) => existsSync(join(input, file)))) {
    const key = `${seen.command} ${seen.file}`
    const why = known.get(key)
    test.concurrent(`${key}${why ? `: ${why}` : ''}`, async ({ expect }) => {
      const { status, stdout, stderr } = await runOn(seen, input)
      const got = { status, stdout, stderr: stderr.replace(/\n+$/, '') }
      const same =
        got.status === seen.status && sameAs(seen.stdout, got.stdout) && sameAs(seen.stderr, got.stderr)
      if (why) expect(same, `${key} is as virsh's: its line in virsh-exceptions.txt can go`).toBe(false)
      else if (!same) expect({ command: seen.command, file: seen.file, ...got }).toEqual(seen)
    })
  }

  const lists = folder ? readdirSync(folder).filter(name => /^cpu-models-\w+\.txt$/.test(name)) : []
  for (const list of lists) {
    test.concurrent(list, async ({ expect }) => {
      const [, arch = ''] = /^cpu-models-(\w+)\.txt$/.exec(list) ?? []
      const { stdout } = await virtCpuMeanwhile(['--cpu-map', map ?? '', 'cpu-models', arch], input)
      expect(stdout).toBe(readFileSync(join(folder ?? '', list), 'utf8'))
    })
  }

  test('every exception names a file that was observed', () => {
    const keys = new Set(cases.map(({ command, file }) => `${command} ${file}`))
    expect([...known.keys()].filter(key => !keys.has(key))).toEqual([])
  })
})
