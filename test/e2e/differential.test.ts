import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isLong } from '../effort.ts'
import { needed } from '../needs.ts'
import { sharedLibvirtd, whyNoDaemon } from './libvirtd.ts'

/** `npm run differential`, in the small: what it compares and how is its own. Guests are started elsewhere. */

const why = needed('libvirt 11.3 and QEMU, and may start a daemon', whyNoDaemon())
const root = join(import.meta.dirname, '..', '..')

describe.skipIf(why)(`random questions beside virsh (${why ?? 'installed'})`, () => {
  test('of every kind: nothing differs', async () => {
    const { uri, path } = await sharedLibvirtd()
    const count = isLong ? '2000' : '300'
    const seed = process.env.SEED ? ['--seed', process.env.SEED] : []
    const given = ['--no-guests', '--count', count, '--connect', uri, '--qemus', path, ...seed]
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['scripts/run-ts.mjs', 'scripts/differential.ts', ...given],
      { cwd: root, encoding: 'utf8', env: { ...process.env, LIBVIRT_URI: uri } },
    )
    expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' })
    expect(stdout).toMatch(/^\d+ equal, 0 different/m)
  }, 900_000)
})
