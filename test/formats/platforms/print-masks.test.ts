import { expect, test } from 'vitest'
import { findPrinter } from '../../../src/formats/write.ts'
import { builtin } from '../../built-in.ts'
import { guest } from '../../notation.ts'
import { guestsIn } from './samples.ts'

const printed = (format: string, cpu: string): string => findPrinter(format)?.print(guest(cpu)).text ?? ''

/** What a guest with these masks does not see. */
const hidden = (text: string): (string | undefined)[] =>
  guestsIn(text).flatMap(({ cpu }) =>
    cpu.features.map(({ name, policy }) => (policy === 'disable' ? name : policy)),
  )

test.each(['xl', 'firecracker'])('%s hides what the CPU lacks, and nothing that it has', format => {
  for (const name of ['Nehalem', 'Haswell-noTSX', 'Skylake-Server-noTSX-IBRS', 'EPYC-Milan']) {
    const model = builtin().model(name)
    const off = hidden(printed(format, `exact ${name}`))
    const own = builtin().features.in(model?.features ?? builtin().features.all)
    expect(off.filter(feature => own.some(({ name }) => name === feature))).toEqual([])
    expect(off).toEqual(expect.arrayContaining(['amx-tile', 'avx10']))
  }
})

test.each(['xl', 'firecracker'])('%s: features of the definition count', format => {
  const off = hidden(printed(format, 'exact Haswell-noTSX disable:avx2 require:ssbd'))
  expect(off).toContain('avx2')
  expect(off).not.toContain('ssbd')
  expect(off).not.toContain('avx')
})

test('what the platform or the hypervisor decides is left alone, and so are hazards', () => {
  const off = hidden(printed('firecracker', 'exact Nehalem'))
  for (const name of ['hypervisor', 'x2apic', 'tsc-deadline', 'ht', 'rsba', 'arat'])
    expect(off).not.toContain(name)
})

test('Firecracker: the state of features that are hidden is hidden too', () => {
  const { cpuid_modifiers: leaves } = JSON.parse(printed('firecracker', 'exact Haswell-noTSX'))
  expect(leaves).toContainEqual({
    leaf: '0xd',
    subleaf: '0x0',
    flags: 1,
    modifiers: [{ register: 'eax', bitmap: '0bxxxxxxxxxxxxx00xxxxxxx0x00000xxx' }],
  })
})

test('a CPU without a model cannot be written', () => {
  expect(() => printed('xl', 'host-model')).toThrow('xl has no mode host-model')
})
