import { hostDocuments } from '../../bench/fleet.ts'

/**
 * Fleets as operators have them, in files: CPUs of twelve years and both vendors, long host names, a playbook's
 * folders, ARM, hundreds of hosts, and guests beside files that are no hosts. Each is made anew of models and features.
 */
export type Files = Readonly<Record<string, string>>

interface Kind {
  readonly model: string
  readonly vendor: 'Intel' | 'AMD'
  readonly signature: readonly [family: number, model: number, stepping: number]
  readonly more: string
}

const intel = (model: string, signature: Kind['signature'], more = ''): Kind => ({
  model,
  vendor: 'Intel',
  signature,
  more,
})
const amd = (model: string, signature: Kind['signature'], more = ''): Kind => ({
  model,
  vendor: 'AMD',
  signature,
  more,
})

const OF_INTEL = 'ds acpi ss ht tm pbe dtes64 monitor ds_cpl vmx smx est tm2 xtpr pdcm invtsc pdpe1gb'
const OF_AMD = 'ht monitor cmp_legacy extapic ibs skinit wdt topoext perfctr_core svm npt nrip-save invtsc'
const CONTROLS = 'spec-ctrl stibp ssbd md-clear flush-l1d arch-capabilities'

/** Pool, prefix, CPU, hosts and microcode: the same CPU twice where some hosts differ. */
const SPECS: readonly (readonly [string, string, Kind, number, number])[] = [
  ['fra-compute', 'fra-hsw', intel('Haswell-noTSX', [6, 63, 2]), 6, 0x49],
  ['fra-compute', 'fra-bdw', intel('Broadwell-noTSX', [6, 79, 1]), 7, 0xb000040],
  ['fra-compute', 'fra-skx', intel('Skylake-Server', [6, 85, 4], CONTROLS), 6, 0x2006e05],
  ['fra-compute', 'fra-skx-b', intel('Skylake-Server', [6, 85, 4], `${CONTROLS} mpx tsx-ctrl`), 3, 0x2007006],
  [
    'fra-compute',
    'fra-clx',
    intel('Cascadelake-Server-noTSX', [6, 85, 7], `${CONTROLS} pku ospke`),
    6,
    0x5003604,
  ],
  ['ams-compute', 'ams-icx', intel('Icelake-Server-noTSX', [6, 106, 6], CONTROLS), 6, 0xd0003b9],
  ['ams-compute', 'ams-icx-b', intel('Icelake-Server-noTSX', [6, 106, 6]), 2, 0xd000390],
  ['ams-compute', 'ams-spr', intel('SapphireRapids', [6, 143, 8], CONTROLS), 4, 0x2b000571],
  ['ams-compute', 'ams-emr', intel('SapphireRapids', [6, 207, 2], CONTROLS), 3, 0x21000200],
  ['ams-epyc', 'epyc-rome', amd('EPYC-Rome', [23, 49, 0], 'ibpb ibrs amd-stibp amd-ssbd'), 3, 0x830107c],
  ['ams-epyc', 'epyc-milan', amd('EPYC-Milan', [25, 1, 1], 'virt-ssbd'), 4, 0xa0011d5],
  ['ams-epyc', 'epyc-bergamo', amd('EPYC-Genoa', [25, 160, 2]), 3, 0xaa00219],
  ['ams-epyc', 'epyc-turin', amd('EPYC-Turin', [26, 2, 1]), 6, 0xb002116],
  ['lab', 'lab-naples', amd('EPYC', [23, 1, 2]), 1, 0x8001250],
  ['lab', 'lab-opteron', amd('Opteron_G4', [21, 1, 2]), 1, 0x600063e],
  ['lab', 'lab-westmere', intel('Westmere', [6, 47, 2]), 1, 0x37],
  ['lab', 'lab-desktop', amd('EPYC-Turin', [26, 68, 0], 'avx512-vp2intersect'), 1, 0xb404023],
]

/** What `virsh capabilities` prints of a host. */
const capabilities = ({ model, vendor, signature, more }: Kind, microcode: number): string => `<capabilities>
  <host>
    <cpu>
      <arch>x86_64</arch>
      <model>${model}</model>
      <vendor>${vendor}</vendor>
      <microcode version='${microcode}'/>
      <signature family='${signature[0]}' model='${signature[1]}' stepping='${signature[2]}'/>
      <topology sockets='2' dies='1' cores='16' threads='2'/>
${featuresXml(`${vendor === 'AMD' ? OF_AMD : OF_INTEL} ${more}`)}
    </cpu>
  </host>
</capabilities>
`

const featuresXml = (names: string): string =>
  [...new Set(names.trim().split(/ +/))].map(name => `      <feature name='${name}'/>`).join('\n')

interface Host {
  readonly pool: string
  readonly name: string
  readonly text: string
}

const HOSTS: readonly Host[] = SPECS.flatMap(([pool, prefix, kind, hosts, microcode]) =>
  Array.from({ length: hosts }, (_, i) => ({
    pool,
    name: `${prefix}-${String(i + 1).padStart(2, '0')}`,
    text: capabilities(kind, microcode),
  })),
)

const filesOf = (hosts: readonly Host[], pathOf: (host: Host, i: number) => string): Files =>
  Object.fromEntries(hosts.map((host, i) => [pathOf(host, i), host.text]))

const longName = ({ name }: Host, i: number): string =>
  `kvm-prod-eu-central-1${'abc'[i % 3]}-rack${String(i >> 3).padStart(2, '0')}-${name}.dc4.infrastructure.example.net`

const ARM =
  'fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp'
const ARM_HOSTS: readonly Host[] = [
  ['altra', 'Neoverse-N1', 'ARM', 4, 'ssbs'],
  ['kunpeng', 'Kunpeng-920', 'HiSilicon', 2, 'jscvt fcma asimdfhm'],
  [
    'graviton',
    'Neoverse-V1',
    'ARM',
    2,
    'ssbs sve svei8mm bf16 i8mm jscvt fcma sha3 sm3 sm4 sha512 paca pacg',
  ],
].flatMap(([pool, model, vendor, hosts, more]) =>
  Array.from({ length: Number(hosts) }, (_, i) => ({
    pool: String(pool),
    name: `${pool}-${i + 1}`,
    text: `<capabilities><host><cpu><arch>aarch64</arch><model>${model}</model><vendor>${vendor}</vendor>
${featuresXml(pool === 'altra' && i === 3 ? ARM : `${ARM} ${more}`)}
</cpu></host></capabilities>\n`,
  })),
)

/** Hosts of many CPUs in a dozen pools: those of two vendors, and some CPUs on many hosts. */
function manyFiles(hosts: number, cpus: number): Files {
  const texts = [...hostDocuments(cpus)]
  const others = SPECS.filter(([, , { vendor }]) => vendor === 'AMD')
  return Object.fromEntries(
    Array.from({ length: hosts }, (_, i) => {
      const other = others[i % others.length]
      const isOther = i % 3 === 0
      const path = `${isOther ? 'amd' : 'intel'}-${String(i % 12).padStart(2, '0')}/node${String(i).padStart(5, '0')}.xml`
      const text = isOther && other ? capabilities(other[2], other[4]) : texts[i < cpus ? i : (i * i) % cpus]
      return [path, text ?? '']
    }),
  )
}

const guest = (name: string, model: string): string =>
  `<domain type='kvm'><name>${name}</name><os><type arch='x86_64'>hvm</type></os>
<cpu mode='custom' match='exact'><model fallback='forbid'>${model}</model></cpu></domain>\n`

/** Hosts with guests, beside what is no host: a file cut short, a text, an empty file. */
const LIVE: Files = {
  ...filesOf(
    HOSTS.filter(({ name }) => /^(?:fra-clx|epyc-milan)/.test(name)),
    ({ pool, name }) => `${pool}/${name}.xml`,
  ),
  'fra-compute/guests/fra-clx-01/web.xml': guest('web', 'Cascadelake-Server-noTSX'),
  'fra-compute/guests/fra-clx-02/a-database-with-a-long-name.xml': guest(
    'a-database-with-a-long-name',
    'Skylake-Server-noTSX-IBRS',
  ),
  'ams-epyc/guests/epyc-milan-01/mail.xml': guest('mail', 'EPYC-Milan'),
  'ams-epyc/cut-short.xml': HOSTS[0]?.text.slice(0, 300) ?? '',
  'ams-epyc/notes.txt': 'owner: <TBD>\nhello, notes about hosts\n',
  'ams-epyc/empty.xml': '',
}

/** The fleets by name, each as files, and how many hosts it has. */
export const FLEETS: readonly (readonly [name: string, files: Files, hosts: number])[] = [
  ['mixed60', filesOf(HOSTS, ({ pool, name }) => `${pool}/${name}.xml`), HOSTS.length],
  ['fqdn', filesOf(HOSTS.slice(0, 45), (host, i) => `${host.pool}/${longName(host, i)}.xml`), 45],
  ['ansible', filesOf(HOSTS.slice(0, 45), ({ name }) => `${name}.dc4.example.net/tmp/capabilities.xml`), 45],
  ['arm', filesOf(ARM_HOSTS, ({ pool, name }) => `${pool}/${name}.xml`), ARM_HOSTS.length],
  ['many', manyFiles(400, 40), 400],
  ['live', LIVE, 10],
]
