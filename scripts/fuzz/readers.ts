import { readFileSync } from 'node:fs'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { ParseError } from '../../src/core/parse-error.ts'
import { decodeBytes, unpacked } from '../../src/formats/decode-bytes.ts'
import { DIALECTS, dialectsOf, loadYamlFor, readText } from '../../src/formats/dialects.ts'
import type { Dialect } from '../../src/formats/found.ts'
import { printCpudata, readCpudata } from '../../src/formats/libvirt/cpudata.ts'
import { loadYaml } from '../../src/formats/yaml.ts'
import { readInventory } from '../../src/host/collect/targets.ts'
import { EXAMPLES } from '../../src/http/examples.ts'
import { readDataFile } from '../../src/map/data.ts'
import { loadDatabase } from '../../src/map/database.ts'
import { readInstalled } from '../../src/map/libvirt/cpu-map.ts'
import { readQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'
import { BadRequest, contextOf } from '../../src/questions/context.ts'
import { readYaml } from '../../src/questions/input/fleet/fleet-yaml.ts'
import { fleetOfInput } from '../../src/questions/input/fleet/open-fleet.ts'
import { membersOf } from '../../src/questions/input/fleet/read-members.ts'
import { readReplies } from '../../src/questions/input/hypervisor.ts'
import { damage, mutateBytes, mutateText, SIGNS } from './mutate.ts'
import { corpus, filesIn } from './samples.ts'
import { Broken, type Target } from './target.ts'

const SOURCE = 'the input'

/** Every reader: those of the dialects, and of the other files that people write or bring. */
export async function readers(): Promise<Target[]> {
  await loadYaml()
  const samples = [...corpus(), { bytes: Buffer.from(JSON.stringify(EXAMPLES.decode)) }]
  const context = contextOf()
  const dialects = DIALECTS.map(dialect => {
    const own = samples.filter(({ bytes }) =>
      dialectsOf(decodeBytes(bytes)).some(([, one]) => one === dialect),
    )
    const read = async (text: string) => {
      await loadYamlFor(text)
      return readAs(dialect, text)
    }
    return readerOf(
      dialect.name,
      own.map(({ bytes }) => bytes),
      read,
    )
  })
  const others = OTHERS.map(({ name, samples: own, read }) =>
    readerOf(
      name,
      own().map(text => Buffer.from(text)),
      read,
    ),
  )
  return [...dialects, ...others]

  /** What the dialect itself says of a text, and what the text comes to. */
  function readAs(dialect: Dialect, text: string): unknown {
    const own = dialect.sniff(text) ? orRefusal(() => dialect.read(text, SOURCE)) : undefined
    const found = readText(text, SOURCE)
    return [own, found, found.flatMap(one => membersOf(context, one, SOURCE))]
  }
}

function readerOf(name: string, samples: readonly Buffer[], read: (text: string) => unknown): Target {
  return {
    name: `reader:${name}`,
    samples,
    mutate: (sample, other, draw) => {
      if (sample.includes(0)) return damage(sample, draw)
      const text = mutateText(sample.toString(), draw, { other: other.toString(), words: SIGNS })
      return mutateBytes(text, draw)
    },
    run: async input => {
      try {
        const text = decodeBytes(await unpacked(input, MOST, SOURCE))
        return printed(await read(text))
      } catch (error) {
        return refusal(error)
      }
    },
  }
}

/** As much as a packed file may hold here. */
const MOST = 2 ** 22

function orRefusal(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    return refusal(error)
  }
}

/** Our own words of refusal; they say in which file, where there is one. @throws all that is a fault of ours */
function refusal(error: unknown): string {
  if (error instanceof LibvirtError || error instanceof BadRequest) return `${error.name}: ${error.message}`
  if (!(error instanceof ParseError)) throw error
  const { what, source, line, column, caret, excerpt } = error
  if (what.trim() === '') throw new Broken('a refusal without a reason')
  if (source === '') throw new Broken(`a refusal without its file: ${what}`)
  if (excerpt.length > 110 || (excerpt !== '' && caret > 110) || line < 0 || column < 0)
    throw new Broken(`a refusal of no place: ${error.message}`)
  if (error.message.length > 2000)
    throw new Broken(`a refusal of ${error.message.length} characters: ${error.message.slice(0, 200)}`)
  return `ParseError: ${error.message}`
}

/** A value as text, whatever is in it. */
const printed = (value: unknown): string =>
  JSON.stringify(value, (_, one) =>
    typeof one === 'bigint'
      ? `${one}n`
      : one instanceof Map || one instanceof Set
        ? [...one]
        : one instanceof Error
          ? one.message
          : one,
  ) ?? ''

interface OtherReader {
  readonly name: string
  readonly samples: () => readonly string[]
  readonly read: (text: string) => unknown
}

const readAll = (folders: readonly string[], wanted: RegExp): string[] =>
  filesIn(folders, wanted).map(path => readFileSync(path, 'utf8'))

/** A fleet to which a fleet file can say something. */
const documents = ['ice-01', 'sky-01'].map(name => ({
  path: `${name}.xml`,
  text: readFileSync(`examples/fleet/${name}.xml`, 'utf8'),
}))

const MAP_INDEX = "<cpus><arch name='x86'><include filename='all.xml'/></arch></cpus>"

const OTHERS: readonly OtherReader[] = [
  {
    name: 'fleet-file',
    samples: () => [...readAll(['examples', 'test/stories'], /^fleet\.yaml$/), ...fleetsInDocs()],
    read: text => {
      const { content } = readYaml(text, SOURCE)
      return orRefusalOfRequest(() => fleetOfInput(contextOf(), { documents, fleet: content }))
    },
  },
  {
    name: 'cpudata',
    samples: () => readAll(['test/corpus/xml'], /^cpudata/),
    read: text => printCpudata(readCpudata(text)),
  },
  {
    name: 'conversation',
    samples: () => readAll(['examples/hypervisors'], /\.replies$/).map(text => text.slice(0, 60_000)),
    read: text => readQemuCapabilities(readReplies(text, SOURCE)),
  },
  {
    name: 'ssh-inventory',
    samples: () => [
      'n1\nuser@n2:22\n[pool]\nn[01:20] ansible_user=root\n[pool:vars]\nansible_port=22\n',
      INVENTORY,
    ],
    read: text => readInventory(text, SOURCE),
  },
  {
    name: 'cpu-map',
    samples: () => [SMALL_MAP],
    read: text => readInstalled(name => (name === 'index.xml' ? MAP_INDEX : text)).models,
  },
  {
    name: 'data-features',
    samples: () => [readDataFile('x86/features.txt').slice(0, 6000)],
    read: text => loadDatabase({ features: text, models: {}, walk: '' }).features.list,
  },
  {
    name: 'data-models',
    samples: () => [MODELS],
    read: text => loadDatabase({ features: FEATURES, models: { [SOURCE]: text }, walk: 'a\nb\n' }).models,
  },
]

/** A fleet file within a request has no file of its own. */
function orRefusalOfRequest(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof ParseError) return error.message
    throw error
  }
}

const fleetsInDocs = (): string[] =>
  Array.from(
    readFileSync('docs/fleet-file.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g),
    ([, text = '']) => text,
  )

const INVENTORY = `all:
  vars: {ansible_user: root}
  children:
    pool:
      hosts:
        n[01:03]: {ansible_port: 22}
        n4:
    other: {hosts: {n5: {ansible_host: 10.0.0.5, ansible_become: true}}}
`

const SMALL_MAP = `<cpus>
  <vendor name='Intel' string='GenuineIntel'/>
  <feature name='a'><cpuid eax_in='0x07' ecx_in='0x00' ebx='0x00000001'/></feature>
  <feature name='b' migratable='no'><cpuid eax_in='0x07' ecx_in='0x00' ebx='0x00000002'/></feature>
  <feature name='c'><msr index='0x10a' eax='0x00000001' edx='0x00000000'/><alias name='see' source='qemu'/></feature>
  <model name='base'><decode host='on' guest='on'/><feature name='a'/></model>
  <model name='mid'><model name='base'/><signature family='6' model='1' stepping='0-3'/><vendor name='Intel'/>
    <feature name='b' removed='yes'/><feature name='c' added='yes'/></model>
</cpus>
`

const FEATURES = readDataFile('x86/features.txt')

const MODELS = `vendor Intel GenuineIntel  [libvirt-map]
set @some : + avx avx2
model a   sig 6.1 6.2:0-3  [libvirt-map]  # The first
  v1 = a  + fpu tsc msr
  v2      + md-clear - tsc  # later
model b : a-v2  sig 6.85:4   later @some  # The second
  v1 = b  + aes
`
