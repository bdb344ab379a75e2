import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { signatureIn } from '../src/core/cpu.ts'
import { FeatureSet } from '../src/core/feature-set.ts'
import { LibvirtError } from '../src/core/libvirt-error.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { domcapabilities, guestCheck } from '../src/index.ts'
import { parseXml } from '../src/xml/reader.ts'
import { builtin } from './built-in.ts'
import { hostXml } from './cli/virt-cpu.ts'
import { reference } from './reference.ts'
import { synthesize } from './synthetic-qemu.ts'

/** A host of a random fleet: what is known of it, and what its hypervisor would say, be it recorded or not. */
export interface RandomHost {
  readonly name: string
  readonly pool: string
  /** Whether what its hypervisor gives is among the documents. */
  readonly isRecorded: boolean
  readonly replies: string
  readonly documents: readonly { readonly path: string; readonly text: string }[]
}

export interface RandomFleet {
  readonly hosts: readonly RandomHost[]
  readonly documents: readonly { readonly path: string; readonly text: string }[]
}

/** Names that a real CPU of today has. */
const MODERN = /'(?:lm|nx|avx)'/

/** The CPUs that hosts have: real ones, where the reference data is, and those of all models with a vendor. */
function listCpus(): string[] {
  const made = builtin()
    .models.filter(({ vendor, compat, features }) => vendor && compat && features.size > 40)
    .map(({ name, vendor }) =>
      hostXml(name, ['vmx', 'md-clear', 'ssbd', 'arat'].slice(name.length % 4), vendor?.name),
    )
  const path = reference('real-cpus', 'instlat.ndjson')
  if (!path) return made
  const rows = readFileSync(path, 'utf8').trim().split('\n')
  const real = rows.flatMap(row => (JSON.parse(row) as { expected: { host?: string } }).expected.host ?? [])
  return [...new Set(real.filter(text => MODERN.test(text) && /<vendor>/.test(text)))]
}

const CPUS = listCpus()

/** What documents there are of a host. */
const KINDS = [
  'capabilities',
  'capabilities',
  'domcapabilities',
  'offered',
  'replies',
  'flags',
  'live',
  'live',
] as const

interface Spec {
  readonly cpu: string
  readonly kind: (typeof KINDS)[number]
  readonly pool: string
  readonly guest: number
}

const replies = new Map<string, string>()

/** What QEMU says on a host with such a CPU. */
function repliesOf(cpu: string): string {
  const known = replies.get(cpu) ?? synthesize({ cpu: parseCpu(parseXml(cpu), 'host'), hasMax: true })
  replies.set(cpu, known)
  return known
}

/** A domain under KVM with this CPU. */
export const domainOf = (cpu: string, id = ''): string =>
  `<domain type='kvm'${id}><name>g</name><memory>1048576</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='pc-q35-10.0'>hvm</type></os>${cpu}</domain>`

function documentsOf({ cpu, kind, pool, guest }: Spec, name: string) {
  const at = (end: string, text: string) => ({ path: `${pool}/${name}${end}`, text })
  const said = repliesOf(cpu)
  const own = at('.xml', `<capabilities><host>${cpu}</host></capabilities>`)
  if (kind === 'flags') return [at('.cpuinfo.txt', cpuinfoOf(cpu))]
  if (kind === 'replies') return [own, at('.replies', said)]
  if (kind === 'live')
    return [own, ...guestOn(said, guest).map(text => ({ path: `${pool}/guests/${name}/g.xml`, text }))]
  if (kind === 'capabilities') return [own]
  const offered = at('.domcaps.xml', domcapabilities({ replies: said, virttype: 'kvm' }).xml)
  return kind === 'offered' ? [offered] : [own, offered]
}

/** What Linux calls otherwise; all else is spelt alike but for dots and dashes. */
const IN_LINUX: Readonly<Record<string, string>> = {
  pclmuldq: 'pclmulqdq',
  'tsc-deadline': 'tsc_deadline_timer',
  lahf_lm: 'lahf_lm',
  'sha-ni': 'sha_ni',
  cr8legacy: 'cr8_legacy',
}

/** What /proc/cpuinfo says of it, as far as it is spelt so. */
function cpuinfoOf(cpu: string): string {
  const db = builtin()
  const { model = '', vendor = '', features, ...read } = parseCpu(parseXml(cpu), 'host')
  const all = (db.model(model)?.features ?? FeatureSet.empty).join(
    db.features.setOfNames(features.map(({ name }) => name)),
  )
  const { family = 6, model: number = 0, stepping = 0 } = signatureIn({ ...read, model, features }) ?? {}
  const flags = db.features.in(all).map(({ name }) => IN_LINUX[name] ?? name.replaceAll(/[-.]/g, '_'))
  const lines = [
    ['processor', 0],
    ['vendor_id', db.vendor(vendor)?.id],
    ['cpu family', family],
    ['model', number],
    ['stepping', stepping],
    ['flags', flags.join(' ')],
    ['bogomips', '4200.00'],
  ]
  return lines.map(([name, value]) => `${name}\t: ${value}\n`).join('')
}

/** A guest that runs there, as libvirt prints it; none where the host cannot give that model. */
function guestOn(said: string, place: number): string[] {
  const models = builtin().models.filter(({ decode, compat }) => decode.guest && compat)
  const cpu = `<cpu mode='custom' match='exact'><model fallback='forbid'>${models[place % models.length]?.name}</model></cpu>`
  try {
    const { live } = guestCheck({ replies: said, domain: domainOf(cpu) })
    return live === undefined ? [] : [domainOf(live, " id='1'")]
  } catch (error) {
    if (error instanceof LibvirtError) return []
    throw error
  }
}

const spec: fc.Arbitrary<Spec> = fc.record({
  cpu: fc.constantFrom(...CPUS),
  kind: fc.constantFrom(...KINDS),
  pool: fc.constantFrom('a', 'a', 'b'),
  guest: fc.nat(200),
})

/** Up to six hosts in two pools, of one vendor or of several. */
export const randomFleets: fc.Arbitrary<RandomFleet> = fc
  .array(spec, { minLength: 1, maxLength: 6 })
  .map(specs => {
    const hosts = specs.map((one, i): RandomHost => {
      const name = `n${i}`
      const isRecorded = one.kind === 'replies' || one.kind === 'domcapabilities' || one.kind === 'offered'
      return {
        name,
        pool: one.pool,
        isRecorded,
        replies: repliesOf(one.cpu),
        documents: documentsOf(one, name),
      }
    })
    return { hosts, documents: hosts.flatMap(({ documents }) => documents) }
  })
