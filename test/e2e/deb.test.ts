import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { exampleOf, runExample } from '../cli/help-examples.ts'
import { folderOf, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'

/** The Debian package: what dpkg puts where, and that it runs there. */

const root = join(import.meta.dirname, '..', '..')

const reason = needed('what builds Debian packages', notInstalled('dpkg-deb', 'lintian', 'man'))

function build(): Buffer {
  const { status, stdout, stderr } = runProcess(process.execPath, ['scripts/build-deb.mjs'], { cwd: root })
  expect(status, stdout + stderr).toBe(0)
  return readFileSync(join(root, stdout.trim()))
}

const DEB = () =>
  join(root, 'dist-deb', readdirSync(join(root, 'dist-deb')).find(name => name.endsWith('.deb')) ?? '')

describe.skipIf(reason)(`the Debian package ${reason ?? ''}`, () => {
  test('two builds are equal, and lintian has nothing to say', () => {
    expect(build().equals(build())).toBe(true)
    const { status, stdout } = runProcess('lintian', ['--fail-on', 'error,warning', DEB()])
    expect([status, stdout]).toEqual([0, ''])
  })

  test('it runs where it is unpacked, with manual, completions and examples', () => {
    const folder = folderOf({})
    expect(runProcess('dpkg-deb', ['-x', DEB(), folder]).status).toBe(0)
    const at = (...path: string[]) => join(folder, 'usr', ...path)
    const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8')
    const program = at('bin', 'virt-cpu')
    expect(runProcess(program, ['--version'])).toEqual(virtCpu(['--version']))
    const example = exampleOf(virtCpu(['check', '--help']).stdout)
    expect(runExample(example, program)).toEqual(runExample(example))
    const pool = ['cpu-baseline', 'fleet', '--explain']
    const examples = at('share', 'doc', 'virt-cpu', 'examples')
    expect(runProcess(program, pool, { cwd: examples })).toEqual(
      virtCpu(pool, { cwd: join(root, 'examples') }),
    )
    const manual = gunzipSync(readFileSync(at('share', 'man', 'man1', 'virt-cpu.1.gz'))).toString()
    expect(manual).toBe(read('man', 'virt-cpu.1'))
    const completion = readFileSync(at('share', 'bash-completion', 'completions', 'virt-cpu'), 'utf8')
    expect(completion).toBe(read('completions', 'virt-cpu.bash'))
  })

  test('the manual is roff without a fault, and has every command', () => {
    const shown = runProcess('man', ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', 'man/virt-cpu.1'], {
      cwd: root,
      env: { MANWIDTH: '100', LC_ALL: 'C.UTF-8' },
    })
    expect(shown.stderr).toBe('')
    // A letter is bold where it stands on itself.
    const text = shown.stdout.replace(/.[\b]/g, '')
    expect(text).toMatch(/cpu-baseline: compute baseline CPU/)
    expect(text).toMatch(/virt-cpu pools examples\/fleet examples\/fleet-amd --pools 4/)
  })
})
