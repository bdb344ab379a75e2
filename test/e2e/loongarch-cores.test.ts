import { describe, expect, test } from 'vitest'
import { findEmulator } from '../../src/host/qemu/emulator.ts'
import { Qemu } from '../../src/host/qemu/qemu.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { needed, notInstalled } from '../needs.ts'
import { Guest, little } from './gdb.ts'

// Our cores are QEMU's: what a guest of theirs reads by CPUCFG, asked of a guest.

const binary = findEmulator('loongarch64')
const why = needed('QEMU for LoongArch', binary ? undefined : notInstalled('qemu-system-loongarch64'))

/** CPUCFG $r5, $r4: the word whose number is in register 4, into register 5. @see LoongArch manual, vol. 1 */
const CPUCFG = Uint8Array.from([0x85, 0x6c, 0x00, 0x00])
const [PC, FROM, INTO] = [33, 4, 5]
const CODE = 0x100

/** The word of that number, as a guest reads it. */
async function configuration(guest: Guest, word: number): Promise<bigint> {
  await guest.write(CODE, CPUCFG)
  await guest.set(FROM, little(word))
  await guest.set(PC, little(CODE))
  await guest.step()
  // A 32-bit core has registers of 4 bytes.
  return BigInt((await guest.register(INTO)).readUInt32LE())
}

/** Models of QEMU's that are what the accelerator makes of them. */
const NO_CORE = ['host', 'max']

describe.skipIf(why)(`QEMU's LoongArch cores (${why ?? 'installed'})`, () => {
  const { models, features } = CpuMap.builtIn().of('loongarch64')

  test('are the ones we have', async () => {
    const qemu = await Qemu.start(binary ?? '', { accelerator: 'tcg' })
    await qemu.ask({ execute: 'qmp_capabilities' })
    const reply = (await qemu.ask({ execute: 'query-cpu-definitions' })) as { return: { name: string }[] }
    qemu.end()
    const theirs = reply.return.map(({ name }) => name).filter(name => !NO_CORE.includes(name))
    expect(theirs.sort()).toEqual(models.map(({ name }) => name).sort())
  })

  test.each(models.map(({ name }) => name))('%s has the features that its guests read', async name => {
    const guest = await Guest.start(binary ?? '', ['-M', 'virt', '-m', '512', '-cpu', name])
    try {
      const registers = new Map([
        ['CPUCFG.1', await configuration(guest, 1)],
        ['CPUCFG.2', await configuration(guest, 2)],
      ])
      const words = features.setOf(features.list.filter(feature => feature.name !== 'cpucfg'))
      const read = features.in(features.setOfRegisters(registers)).map(feature => feature.name)
      const ours = models.find(model => model.name === name)?.features.meet(words)
      expect(read).toEqual(features.in(ours ?? words).map(feature => feature.name))
    } finally {
      guest.end()
    }
  })
})
