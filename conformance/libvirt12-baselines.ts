import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { Cpu } from '../src/core/cpu.ts'
import { findCpus } from '../src/formats/libvirt/find-cpus.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { printCpu } from '../src/formats/libvirt/print-cpu.ts'
import { type HypervisorSupport, readHypervisorSupport } from '../src/qemu/allowance.ts'
import type { Accelerator } from '../src/qemu/capabilities.ts'
import { computeHypervisorBaseline, type HypervisorBaselineOptions } from '../src/qemu/hypervisor-cpu.ts'
import { parseQemuCapabilities } from '../src/qemu/qmp/read-capabilities.ts'
import { Pool } from '../src/questions/baseline/pool.ts'
import type { Context } from '../src/questions/context.ts'
import { parseXml } from '../src/xml/reader.ts'
import type { DataFolder } from './data.ts'
import { repliesIn } from './libvirt12.ts'
import { outcome } from './outcome.ts'
import { Family } from './report.ts'

const LIVE = 'libvirt-12.8/live'
const NEWER = 'libvirt-12.9/qemu-11.1.3'

type Options = Omit<HypervisorBaselineOptions, 'arch' | 'libvirt'>

/** Baselines of real daemons of libvirt 12.8 and 12.9, of this project's example hosts and of a CPU with every feature. */
export function libvirt12Baselines(context: Context, reference: DataFolder): Family[] {
  const family = new Family('libvirt 12 baselines')
  const live = reference.folder(LIVE)
  checkLive(family, context, live)
  const { baseline, onQemu } = askers(context, live)
  for (const name of reference.names(NEWER).filter(file => /^(hypervisor-)?cpu-baseline_all/.test(file))) {
    const options = {
      expand: name.includes('--features'),
      migratable: name.includes('--migratable'),
      ignoreHost: name.includes('--ignore-host'),
    }
    const own = () =>
      name.startsWith('hypervisor') ? onQemu(fleet(), 'kvm', options) : baseline(fleet(), options)
    family.check(name, outcome(own), tidy(reference.text(NEWER, name)))
  }
  return [family]
}

/** Baselines of a folder that `scripts/record-libvirt.sh` wrote. */
export function recordedBaselines(context: Context, live: DataFolder): Family {
  const family = new Family('recorded baselines')
  checkLive(family, context, live)
  return family
}

function checkLive(family: Family, context: Context, live: DataFolder): void {
  const { baseline, onQemu } = askers(context, live)
  const check = (name: string, actual: () => string, expected: string) =>
    family.check(name, outcome(actual), tidy(expected))
  const everything = [cpuOf(live.text('baselines/allf.xml'))]
  for (const name of live.names('baselines').filter(file => file.startsWith('allf.cpu'))) {
    const options = { expand: name.includes('-features'), migratable: name.includes('-migratable') }
    check(name, () => baseline(everything, options), live.text('baselines', name))
  }
  for (const [title, expected] of sectionsOf(live.text('baselines/example-hosts.log'))) {
    const [, isOnQemu, file = ''] = /^(cmp )?(.*)$/.exec(title) ?? []
    if (!existsSync(`examples/${file}`)) continue
    const cpus = [cpuOf(readFileSync(`examples/${file}`, 'utf8'))]
    check(title, () => (isOnQemu ? onQemu(cpus, 'tcg') : baseline(cpus)), expected)
  }
}

/** The questions, as the recorded libvirt and QEMU were asked. */
function askers(context: Context, live: DataFolder) {
  const supportOf = supportReader(live)
  const baseline = (cpus: readonly Cpu[], { expand, migratable }: Options = {}) => {
    const pool = new Pool(context.map, { libvirt: context.libvirt })
    for (const cpu of cpus) pool.add(cpu, '')
    return printCpu(pool.result({ expand, migratable }))
  }
  const onQemu = (cpus: readonly Cpu[], accelerator: Accelerator, options: Options = {}) =>
    printCpu(
      computeHypervisorBaseline(context.map, cpus, supportOf(accelerator), {
        ...options,
        arch: 'x86_64',
        libvirt: context.libvirt,
      }),
    )
  return { baseline, onQemu }
}

function supportReader(live: DataFolder): (accelerator: Accelerator) => HypervisorSupport {
  const file = repliesIn(live)
  const qemu = parseQemuCapabilities(live.text(file), file)
  return accelerator => {
    const given = qemu.accelerators.get(accelerator)
    const support = given && readHypervisorSupport(given)
    if (!support) throw new RangeError(`${file} has no ${accelerator}`)
    return support
  }
}

function cpuOf(text: string): Cpu {
  const [found] = findCpus(parseXml(text))
  if (!found) throw new RangeError('no CPU in a recorded document')
  return parseCpu(found.element, 'host')
}

const fleet = (): Cpu[] =>
  readdirSync('examples/fleet')
    .filter(name => name.endsWith('.xml'))
    .sort()
    .map(name => cpuOf(readFileSync(`examples/fleet/${name}`, 'utf8')))

const sectionsOf = (log: string): (readonly [title: string, body: string])[] =>
  [...log.matchAll(/^### (.*)\n([\s\S]*?)(?=^### |$(?![\s\S]))/gm)].map(([, title = '', body = '']) => [
    title,
    body,
  ])

/** virsh's warnings and blank lines are no part of the answer. */
const tidy = (text: string): string =>
  text
    .replace(/^warning: .*\n/gm, '')
    .replace(/^error: /, '')
    .replace(/\n+$/, text.includes('<cpu') ? '\n' : '')
