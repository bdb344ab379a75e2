import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { DEFAULT_LIBVIRT, parseLibvirtVersion } from '../src/core/libvirt-version.ts'
import { type Context, contextOf } from '../src/questions/context.ts'
import { cputest } from './cputest.ts'
import { cputestOthers } from './cputest-others.ts'
import { DataFolder } from './data.ts'
import { domaincaps } from './domaincaps.ts'
import { driverProbe } from './driver-probe.ts'
import { edge } from './edge.ts'
import { generationsFamily } from './generations.ts'
import { hostCapabilities } from './host-capabilities.ts'
import { hostCpu } from './host-cpu.ts'
import { kvmOffers } from './kvm-offers.ts'
import { libvirt12, recordedDocuments } from './libvirt12.ts'
import { libvirt12Baselines, recordedBaselines } from './libvirt12-baselines.ts'
import { marchOfGcc, platformNames } from './names.ts'
import { partialDumps } from './partial-dumps.ts'
import { assumedDefinitions, boundOnUnknown, recordedDefinitions } from './pool-definitions.ts'
import { rawDumps } from './raw-dumps.ts'
import { realCpus } from './real-cpus.ts'
import { type Family, printFamily } from './report.ts'
import { productsFamily, siliconFamily } from './silicon.ts'
import { withUnpacked } from './unpacked.ts'
import { upgrades } from './upgrades.ts'
import { cpuModels, virshObserved } from './virsh-observed.ts'

/** What is run: a part needs its folders, and is skipped, said, where they are absent. */
interface Part {
  readonly name: string
  readonly needs: readonly (readonly string[])[]
  readonly run: (data: DataFolder) => Family[]
}

const TESTS = ['libvirt-11.3', 'tests'] as const
const CPUTEST = [...TESTS, 'cputestdata'] as const
const OLD_MAP = ['libvirt-11.3', 'cpu_map'] as const
const PACKED = ['vircaps2xmldata', 'virhostcpudata']
/** Beside the reference data, not in it. */
const NAMES = ['..', 'knowledge', 'dialects'] as const
const NEW_MAP = ['libvirt-12.8', 'cpu_map'] as const

const withMap = (data: DataFolder, path: readonly string[]): Context =>
  contextOf(data.cpuMap(...path), path === OLD_MAP ? '11.3' : DEFAULT_LIBVIRT)

const PARTS: readonly Part[] = [
  {
    name: 'cputest, 11.3 map',
    needs: [CPUTEST, OLD_MAP],
    run: data => cputest(withMap(data, OLD_MAP), data.folder(...CPUTEST)),
  },
  {
    name: 'cputest of other architectures, 11.3 map',
    needs: [CPUTEST, OLD_MAP],
    run: data => cputestOthers(withMap(data, OLD_MAP), data.folder(...CPUTEST)),
  },
  {
    name: 'drivers, 11.3 map',
    needs: [['virsh-observed'], OLD_MAP],
    run: data => [driverProbe(withMap(data, OLD_MAP), data.folder('virsh-observed'))],
  },
  {
    name: 'domaincaps, 11.3 map',
    needs: [[...TESTS, 'domaincapsdata'], [...TESTS, 'qemucapabilitiesdata'], OLD_MAP],
    run: data => domaincaps(withMap(data, OLD_MAP), data.folder(...TESTS)),
  },
  {
    name: 'kvm offers',
    needs: [CPUTEST, [...TESTS, 'qemucapabilitiesdata']],
    run: data => [kvmOffers(contextOf(), data.folder(...TESTS))],
  },
  {
    name: 'upgrades',
    needs: [CPUTEST, [...TESTS, 'qemucapabilitiesdata']],
    run: data => [upgrades(contextOf(), data.folder(...TESTS))],
  },
  {
    name: 'pool definitions',
    needs: [CPUTEST, [...TESTS, 'qemucapabilitiesdata'], ['real-cpus']],
    run: data => [
      assumedDefinitions(contextOf(), data.folder('real-cpus')),
      recordedDefinitions(contextOf(), data.folder(...TESTS)),
      boundOnUnknown(contextOf(), data.folder(...TESTS)),
    ],
  },
  {
    name: 'silicon of real CPUs',
    needs: [['real-cpus']],
    run: data => [siliconFamily, productsFamily].map(family => family(contextOf(), data.folder('real-cpus'))),
  },
  {
    name: 'libvirt 12, built in',
    needs: [['libvirt-12.8', 'live'], ['libvirt-12.9'], [...TESTS, 'qemucapabilitiesdata']],
    run: data => [...libvirt12(contextOf(), data), ...libvirt12Baselines(contextOf(), data)],
  },
  {
    name: 's390x generations',
    needs: [[...TESTS, 'qemucapabilitiesdata']],
    run: data => [generationsFamily(data.folder(...TESTS, 'qemucapabilitiesdata'))],
  },
  {
    name: 'real-cpus, built in',
    needs: [['real-cpus']],
    run: data => realCpus(contextOf(), 'built in', data.folder('real-cpus'), data.folder(...CPUTEST)),
  },
  {
    name: 'real-cpus, 12.8 map',
    needs: [['real-cpus'], NEW_MAP],
    run: data =>
      realCpus(withMap(data, NEW_MAP), '12.8 map', data.folder('real-cpus'), data.folder(...CPUTEST)),
  },
  {
    name: 'edge, built in',
    needs: [['edge']],
    run: data => edge(contextOf(), 'built in', data.folder('edge')),
  },
  {
    name: 'edge, 12.8 map',
    needs: [['edge'], NEW_MAP],
    run: data => edge(withMap(data, NEW_MAP), '12.8 map', data.folder('edge')),
  },
  {
    name: 'names of platforms',
    needs: [NAMES],
    run: data => platformNames(contextOf(), data.folder(...NAMES)),
  },
  {
    name: '-march',
    needs: [['facts']],
    run: data => [marchOfGcc(data.folder('facts'))],
  },
  {
    name: 'raw-dumps',
    needs: [['raw-dumps'], ['real-cpus']],
    run: data => {
      const [dumps, rows] = [data.folder('raw-dumps'), data.folder('real-cpus')]
      return [...rawDumps(contextOf(), dumps, rows), partialDumps(contextOf(), dumps, rows)]
    },
  },
  {
    name: 'vircaps2xml',
    needs: [[...TESTS, 'vircaps2xmldata']],
    run: data => withUnpacked(data.folder(...TESTS), PACKED, hostCapabilities),
  },
  {
    name: 'virhostcpu',
    needs: [[...TESTS, 'virhostcpudata']],
    run: data => withUnpacked(data.folder(...TESTS), PACKED, hostCpu),
  },
  {
    name: 'virsh-observed',
    needs: [['virsh-observed'], OLD_MAP],
    run: data => [
      cpuModels(resolve(data.folder('virsh-observed').path), resolve(data.folder(...OLD_MAP).path)),
      virshObserved(resolve(data.folder('virsh-observed').path), resolve(data.folder(...OLD_MAP).path)),
    ],
  },
]

/** Some folders are packed. */
const isThere = (data: DataFolder, path: readonly string[]): boolean =>
  data.has(...path) || data.has(...path.slice(0, -1), `${path.at(-1)}.tar.gz`)

/** A recording of `scripts/record-libvirt.sh` is held against what that version's answers are. */
function holdRecording(path: string): Family[] {
  const recording = new DataFolder(path)
  const [, version = ''] = /^libvirt ([\d.]+)/.exec(recording.text('VERSION')) ?? []
  const libvirt = parseLibvirtVersion(version)
  if (!libvirt) throw new RangeError(`${path}/VERSION names no libvirt that is known`)
  const [context, live] = [contextOf(undefined, libvirt), recording.folder('live')]
  return [recordedDocuments(context, live), recordedBaselines(context, live)]
}

function main(): number {
  const { values } = parseArgs({ options: { data: { type: 'string' }, recording: { type: 'string' } } })
  if (values.recording !== undefined) {
    const families = holdRecording(values.recording)
    for (const family of families) printFamily(family, line => console.log(line))
    return families.some(({ failures }) => failures.length > 0) ? 1 : 0
  }
  const path = values.data ?? process.env.VIRT_CPU_REFERENCE
  if (!path) {
    console.error('conformance: say where the data is: --data DIR, or VIRT_CPU_REFERENCE')
    return 2
  }
  const data = new DataFolder(path)
  let [passed, failed] = [0, 0]
  for (const part of PARTS) {
    const absent = part.needs.filter(need => !isThere(data, need))
    if (absent.length > 0) {
      console.log(`${part.name}: skipped, no ${absent.map(need => need.join('/')).join(', no ')}`)
      continue
    }
    for (const family of part.run(data)) {
      printFamily(family, line => console.log(line))
      passed += family.passed
      failed += family.failures.length
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed > 0 || passed === 0 ? 1 : 0
}

process.exitCode = main()
