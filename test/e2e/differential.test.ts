import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isLong } from '../effort.ts'
import { needed, notInstalled } from '../needs.ts'
import { sharedLibvirtd, whyNoDaemon } from './libvirtd.ts'

/** `npm run differential`, in the small: what it compares and how is its own. */

const why = needed('libvirt 11.3 and QEMU, and may start a daemon', whyNoDaemon())
const root = join(import.meta.dirname, '..', '..')

const SEED = process.env.SEED ?? String(Math.floor(Math.random() * 1e9))

function expectEqual(given: readonly string[], env: NodeJS.ProcessEnv): void {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/run-ts.mjs', 'scripts/differential.ts', ...given],
    { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } },
  )
  expect({ status, said: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, said: '' })
  const [, equal, unanswered] = /^(\d+) equal, 0 different(?:, (\d+) without an answer)?/m.exec(stdout) ?? []
  expect([stdout, Number(unanswered ?? 0) * 20 <= Number(equal)]).toEqual([stdout, true])
}

describe.skipIf(why)(`random questions beside virsh, seed ${SEED} (${why ?? 'installed'})`, () => {
  console.log(`differential: seed ${SEED}`)

  test('of every kind: nothing differs', async () => {
    const { uri, path } = await sharedLibvirtd()
    const count = isLong ? '2000' : '500'
    const given = ['--kinds', 'no-guests', '--count', count, '--seed', SEED]
    expectEqual([...given, '--connect', uri, '--qemus', path], { LIBVIRT_URI: uri })
  }, 900_000)

  // Beside a daemon of its own: guests that start need one that asks for no control groups.
  test('domains: libvirt’s verdict and text, QEMU’s -cpu, the CPU while it runs', () => {
    expectEqual(['--kinds', 'guests', '--count', isLong ? '400' : '40', '--seed', SEED], {})
  }, 1_800_000)
})

const whyNoQemu = needed('QEMU for x86', notInstalled('qemu-system-x86_64'))

describe.skipIf(whyNoQemu)(
  `random -cpu arguments beside QEMU, seed ${SEED} (${whyNoQemu ?? 'installed'})`,
  () => {
    test('what it makes of a model, and what a guest sees', () => {
      expectEqual(['--kinds', 'qemu', '--count', isLong ? '3000' : '300', '--seed', SEED], {})
    }, 1_800_000)
  },
)
