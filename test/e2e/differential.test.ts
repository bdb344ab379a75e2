import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isLong } from '../effort.ts'
import { needed } from '../needs.ts'
import { sharedLibvirtd, whyNoDaemon } from './libvirtd.ts'

/** `npm run differential`, in the small: what it compares and how is its own. */

const why = needed('libvirt 11.3 and QEMU, and may start a daemon', whyNoDaemon())
const root = join(import.meta.dirname, '..', '..')

const SEED = process.env.SEED ? ['--seed', process.env.SEED] : []

function expectEqual(given: readonly string[], env: NodeJS.ProcessEnv): void {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/run-ts.mjs', 'scripts/differential.ts', ...given],
    { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } },
  )
  expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' })
  expect(stdout).toMatch(/^\d+ equal, 0 different/m)
}

describe.skipIf(why)(`random questions beside virsh (${why ?? 'installed'})`, () => {
  test('of every kind: nothing differs', async () => {
    const { uri, path } = await sharedLibvirtd()
    const count = isLong ? '2000' : '300'
    const given = ['--kinds', 'no-guests', '--count', count, '--connect', uri, '--qemus', path, ...SEED]
    expectEqual(given, { LIBVIRT_URI: uri })
  }, 900_000)

  // Beside a daemon of its own: guests that start need one that asks for no control groups.
  test('domains: libvirt’s verdict and text, QEMU’s -cpu, the CPU while it runs', () => {
    // Some domains keep libvirt or QEMU busy for minutes (seed 71130002): the short run asks the same ones each time.
    const given = isLong ? ['--count', '400', ...SEED] : ['--count', '40', '--seed', '1']
    expectEqual(['--kinds', 'guests', ...given], {})
  }, 1_800_000)
})
