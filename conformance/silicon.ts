import { requireDecoder } from '../src/arch/registry.ts'
import { brandOf, Cpuid } from '../src/core/cpuid.ts'
import { builtinGenerations } from '../src/map/generations.ts'
import type { Context } from '../src/questions/context.ts'
import type { DataFolder } from './data.ts'
import type { DumpRow } from './real-cpus.ts'
import { Family } from './report.ts'

const FILES = ['instlat-fixmsr', 'instlat-msr', 'libcpuid-fix', 'libcpuid', 'instlat']

/** No real CPU has what `generations.txt` says its silicon lacks. Virtual machines are passed over. */
export function siliconFamily({ db, map }: Context, data: DataFolder): Family {
  const family = new Family('silicon of real CPUs')
  const generations = builtinGenerations(db)
  const { read } = requireDecoder(map)
  const own = db.features.list.filter(({ class: of }) => of !== 'nested' && of !== 'volatile')
  for (const file of FILES) {
    for (const { name, leaves, msrs } of data.rows<DumpRow>(`${file}.ndjson`)) {
      const cpu = Cpuid.of(leaves, msrs)
      const { vendor, signature, features } = read(cpu)
      const generation = vendor && signature && generations.find(vendor.name, signature)
      if (!generation || cpu.bit(1, 0, 'ecx', 31) || VIRTUAL.test(name)) {
        family.skip()
        continue
      }
      const wrong = own.filter(({ bits }) => {
        const verdict = generations.judge(bits, generation.vendor, [generation], brandOf(cpu) ?? '')
        return bits.leq(features) && verdict && !['has', 'some'].includes(verdict.kind)
      })
      family.check(`${file} ${name}`, wrong.map(feature => feature.name).join(' '), '')
    }
  }
  return family
}

/** The generation that a real CPU's name tells is that of its signature; a name that tells none is passed over. */
export function productsFamily({ db, map }: Context, data: DataFolder): Family {
  const family = new Family('names of real CPUs')
  const generations = builtinGenerations(db)
  const { read } = requireDecoder(map)
  for (const file of FILES) {
    for (const { name, leaves, msrs } of data.rows<DumpRow>(`${file}.ndjson`)) {
      const cpu = Cpuid.of(leaves, msrs)
      const { vendor, signature } = read(cpu)
      const own = vendor && signature && generations.find(vendor.name, signature)
      const titles = own ? generations.called(own.vendor, brandOf(cpu) ?? '').map(({ title }) => title) : []
      if (!own || titles.length === 0) family.skip()
      else
        family.check(
          `${file} ${name}`,
          titles.includes(own.title) ? own.title : titles.join(' or '),
          own.title,
        )
    }
  }
  return family
}

/** Dumps whose MSRs a hypervisor answered: promises that no such part keeps. */
const VIRTUAL = /0870F10_K17_Matisse_0|08\d06EA/
