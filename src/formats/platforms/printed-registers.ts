import { bitMask } from '../../core/bits.ts'
import { type Place, placeKey } from '../../core/feature.ts'
import { once } from '../../core/memo.ts'
import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { dataFile } from '../../map/data.ts'
import type { Dialect, DistinctDump, Found } from '../found.ts'
import { cpuidPlace, dumpOfWords, type KnownWord } from './register-words.ts'

/** What Todd Allen's `cpuid` prints without `-r`: a sentence for each bit. */
export const cpuidDecoded: Dialect = {
  name: 'cpuid-decoded',
  title: 'cpuid or cpuid -1, decoded',
  sniff: text =>
    /^[ \t]+(?:version information \(1\/eax\)|feature information \(1\/e[cd]x\)|extended feature flags \((?:7|0x80000001\/edx)\)):/m.test(
      text,
    ),
  read: (text, source) => {
    const kinds = new Map<string, { dump: DistinctDump; cpus: string[] }>()
    for (const { label, lines, line } of cpusOf(text)) {
      const dump = readCpu(lines, source, line)
      const key = JSON.stringify([dump.data.rows(), dump.known?.rows()])
      const kind = kinds.get(key) ?? { dump, cpus: [] }
      kinds.set(key, kind)
      kind.cpus.push(label || String(kinds.size - 1))
    }
    const dumps = [...kinds.values()].map(({ dump, cpus }) => ({ ...dump, cpus }))
    return dumps.length > 0 ? [{ kind: 'dump', dumps }] : []
  },
}

interface CpuLines {
  readonly label: string
  readonly lines: string[]
  /** 1-based: of its first line. */
  readonly line: number
}

/** The text's parts, `CPU 0:` or `CPU:` at the head of each. */
function cpusOf(text: string): CpuLines[] {
  const cpus: CpuLines[] = [{ label: '', lines: [], line: 1 }]
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const heading = /^\s*(CPU(?:\s+\d+)?):\s*$/.exec(line)?.[1]
    if (heading) cpus.push({ label: heading === 'CPU' ? '' : heading, lines: [], line: i + 1 })
    cpus.at(-1)?.lines.push(line)
  }
  return cpus.filter(({ lines }) => lines.some(line => /= (?:true|false)\s*$/.test(line)))
}

/** @throws ParseError where no line is a feature's */
function readCpu(lines: readonly string[], source: string, line: number): DistinctDump {
  const labels = readLabels()
  if (labels.size === 0)
    throw new ParseError('decoded output of cpuid is not read in the page: give `cpuid -r`', source)
  const words = new Map<string, { place: KnownWord['place']; value: number; known: number }>()
  const values = new Map<string, string>()
  let leaf = ''
  for (const text of lines.filter(({ length }) => length < 200)) {
    const heading = /^\s*\S.*\(([^()]*)\):\s*$/.exec(text)?.[1]
    if (heading) leaf = heading
    const [, name = '', value = ''] = /^\s*(\S.*?)\s*=\s*(.*?)\s*$/.exec(text) ?? []
    if (!values.has(name)) values.set(name, value)
    const bit = labels.get(`${leaf} ${name}`)
    if (!bit || !/^(?:true|false)$/.test(value)) continue
    const key = placeKey(bit.place)
    const word = words.get(key) ?? { place: bit.place, value: 0, known: 0 }
    words.set(key, word)
    word.known = (word.known | bitMask(bit.bit)) >>> 0
    if (value === 'true') word.value = (word.value | bitMask(bit.bit)) >>> 0
  }
  if (words.size === 0) throw new ParseError('no feature of CPUID in this output of cpuid', source, line)
  return dumpOfWords([...words.values(), ...addressSizes(values)], {
    vendor: /"(.{12})"/.exec(values.get('vendor_id') ?? '')?.[1],
    signature: signatureIn(values),
    notes: [
      'read from what cpuid decodes: features that it has no line for, and what only MSRs tell, are unknown',
    ],
  })
}

function signatureIn(values: ReadonlyMap<string, string>) {
  const [family, model, stepping] = ['(family synth)', '(model synth)', 'stepping id'].map(name =>
    Number(/^0x[0-9a-f]+/.exec(values.get(name) ?? '')?.[0] ?? Number.NaN),
  )
  return family && model !== undefined && stepping !== undefined && family + model + stepping >= 0
    ? { family, model, stepping }
    : undefined
}

/** Leaf 80000008H, EAX: the width of physical and of linear addresses. */
function addressSizes(values: ReadonlyMap<string, string>): KnownWord[] {
  const [physical = 0, linear = 0] = ['physical', 'linear (virtual)'].map(kind =>
    Number(/\((\d+)\)/.exec(values.get(`maximum ${kind} address bits`) ?? '')?.[1] ?? 0),
  )
  const place = cpuidPlace(0x8000_0008, 0, 'eax')
  return physical ? [{ place, value: physical | (linear << 8), known: linear ? 0xffff : 0xff }] : []
}

interface Bit {
  readonly place: KnownWord['place']
  readonly bit: number
}

let known: ReadonlyMap<string, Bit> | undefined

/** The bit of each line, by the leaf of its heading and its label. */
function readLabels(): ReadonlyMap<string, Bit> {
  if (known) return known
  const { features } = CpuMap.builtIn().of('x86')
  const labels = new Map<string, Bit>()
  let leaf = ''
  for (const line of dataFile('cpuid-labels.txt').text.split('\n')) {
    const [, name, label] = /^ {2}(\S+) +(\S.*)$/.exec(line) ?? []
    if (/^[^#\s]/.test(line)) leaf = line
    const feature = features.get(name ?? '')
    if (feature) labels.set(`${leaf} ${label}`, feature)
  }
  known = labels
  return labels
}

/** FreeBSD's boot messages, of pfSense, OPNsense and TrueNAS CORE too: registers in hexadecimal, with names. */
export const freebsd: Dialect = {
  name: 'freebsd-dmesg',
  title: 'FreeBSD dmesg',
  sniff: text => ORIGIN.test(text) && /^[ \t]*Features=0x/m.test(text),
  read: text => text.split(/^(?=CPU: )/m).flatMap(readMessages),
}

// Versions before 9 have blanks around the equals signs.
const ORIGIN = /^[ \t]*Origin ?= ?"([^"]{12})"[ \t]+Id ?= ?(0x[0-9a-f]{1,8})/m

const knownLines = once((): readonly (readonly [title: string, place: Place])[] => [
  ['Features', cpuidPlace(1, 0, 'edx')],
  ['Features2', cpuidPlace(1, 0, 'ecx')],
  ['AMD Features', cpuidPlace(0x8000_0001, 0, 'edx')],
  ['AMD Features2', cpuidPlace(0x8000_0001, 0, 'ecx')],
  ['Structured Extended Features', cpuidPlace(7, 0, 'ebx')],
  ['Structured Extended Features2', cpuidPlace(7, 0, 'ecx')],
  ['Structured Extended Features3', cpuidPlace(7, 0, 'edx')],
  ['Structured Extended Features4', cpuidPlace(7, 1, 'eax')],
  ['XSAVE Features', cpuidPlace(0xd, 1, 'eax')],
  ['AMD Extended Feature Extensions ID EBX', cpuidPlace(0x8000_0008, 0, 'ebx')],
  ['IA32_ARCH_CAPS', { kind: 'msr', index: 0x10a, half: 'low' }],
])

function readMessages(text: string): Found[] {
  const origin = ORIGIN.exec(text)
  if (!origin) return []
  const words = knownLines().flatMap(([title, place]): KnownWord[] => {
    const value = new RegExp(`^[ \\t]*${title}=(0x[0-9a-f]{1,8})<`, 'm').exec(text)?.[1]
    return value === undefined ? [] : [{ place, value: Number(value) }]
  })
  words.push({ place: cpuidPlace(1, 0, 'eax'), value: Number(origin[2]) })
  if (/^[ \t]*TSC: P-state invariant/m.test(text))
    words.push({ place: cpuidPlace(0x8000_0007, 0, 'edx'), value: 0x100, known: 0x100 })
  const facts = { hypervisor: 'bhyve' }
  const notes = [
    ...(/^[ \t]*Features2=/m.test(text) && !/^[ \t]*Features2=.*\bPOPCNT\b/m.test(text) ? [NO_GUESTS] : []),
    'FreeBSD prints a register only if a bit of it is set: registers without a line count as unknown',
  ]
  return [
    { kind: 'dump', dumps: [dumpOfWords(words, { vendor: origin[1], layer: 'hardware', notes, facts })] },
  ]
}

/** By the handbook, what tells that bhyve's kernel module takes the CPU; the CPUs that have what it needs have POPCNT. */
const NO_GUESTS = 'bhyve runs no guests on this CPU: it requires POPCNT'
