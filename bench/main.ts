import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requireDriver } from '../src/arch/registry.ts'
import { HostText } from '../src/formats/libvirt/host-text.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { CpuMap } from '../src/map/cpu-map.ts'
import { Pool } from '../src/questions/baseline/pool.ts'
import { contextOf } from '../src/questions/context.ts'
import { answerDecode } from '../src/questions/decode/compute.ts'
import { findHosts } from '../src/questions/input/read.ts'
import { parseXml } from '../src/xml/reader.ts'
import { dumpRows } from './dumps.ts'
import { hostDocuments } from './fleet.ts'
import { type Command, inTurn, isInstalled, once, timed } from './measure.ts'

/**
 * What is measured: the questions in one process, cold and warm; the command as a whole process beside
 * virsh, where that is installed; start-up over bare Node. All in one run on one machine: quote ratios.
 *   npm run bench            everything
 *   npm run bench -- quick   without the 100 000 hosts
 */
const CLI = 'dist/cli.cjs'
const quick = process.argv.includes('quick')
const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-bench-'))

const row = (what: string, ...cells: string[]) => console.log(`${what.padEnd(46)}${cells.join('  ')}`)
const us = (value: number) => `${value.toFixed(1)} µs`.padStart(10)
const ms = (value: number) => `${value.toFixed(0)} ms`.padStart(8)

function inProcess(): void {
  const context = contextOf()
  const { db, map } = context
  const { compare } = requireDriver(map, 'x86_64')
  const documents = [...hostDocuments(10_000)]
  const bytes = documents.reduce((sum, text) => sum + text.length, 0) / documents.length
  console.log(`in one process, a call (documents of ${bytes.toFixed(0)} bytes)`)
  const tell = <T>(what: string, inputs: readonly T[], ask: (input: T, index: number) => void) => {
    const { cold, warm } = timed(inputs.length, () => {
      for (const [i, input] of inputs.entries()) ask(input, i)
    })
    row(`  ${what}`, `cold ${us(cold)}`, `warm ${us(warm)}`)
  }
  const hosts = documents.map(text => parseCpu(parseXml(text), 'host'))
  const [host] = hosts
  const dumps = Array.from({ length: 300 }, () => dumpRows(db)).flat()
  const pool = new Pool(map)
  tell('XML scanner alone', documents, text => parseXml(text))
  const all = Buffer.from(documents.join('')).toString('latin1')
  const { cold, warm } = timed(documents.length, () => {
    const reader = new HostText()
    reader.readAll(all, 0, cpu => pool.add(cpu, ''))
  })
  row('  parse and meet, a host', `cold ${us(cold)}`, `warm ${us(warm)}`)
  tell('decode, words to XML', dumps, data => answerDecode(context, data))
  tell('compare, parsed', hosts, cpu => compare(host, cpu))
  tell('compare, with parsing', documents, text => {
    for (const { cpu } of findHosts(context, text, 'host')) compare(host, cpu)
  })
}

function wholeProcess(): void {
  const virsh = isInstalled('virsh')
  console.log(
    `\ncpu-baseline, whole process${virsh ? ', beside virsh -c test:///default' : ' (virsh is not installed)'}`,
  )
  for (const n of quick ? [2, 100, 1000] : [2, 100, 1000, 5000]) {
    const file = write(`hosts-${n}.xml`, hostDocuments(n))
    const ours: Command = { command: process.execPath, args: [CLI, 'cpu-baseline', file] }
    const theirs: Command = { command: 'virsh', args: ['-c', 'test:///default', 'cpu-baseline', file] }
    const [mine = 0, its = 0] = inTurn(virsh ? [ours, theirs] : [ours], n > 1000 ? 5 : 11)
    row(`  N = ${n}`, ms(mine), ...(virsh ? [ms(its), `ratio ${(mine / its).toFixed(2)}`] : []))
  }
  for (const [n, distinct] of quick
    ? []
    : ([
        [100_000, 300],
        [100_000, 100_000],
      ] as const)) {
    const file = write(`hosts-${n}-${distinct}.xml`, repeated(n, distinct))
    const command: Command = { command: process.execPath, args: [CLI, 'cpu-baseline', file] }
    row(`  N = ${n}, ${distinct} distinct, one stream`, ms(inTurn([command], 3)[0] ?? 0))
    rmSync(file)
  }
}

function startUp(): void {
  console.log('\nstart-up, over bare Node')
  const file = write('two.xml', hostDocuments(2))
  const node: Command = { command: process.execPath, args: ['-e', '0'] }
  const cases = {
    '--version': ['--version'],
    'cpu-models x86_64': ['cpu-models', 'x86_64'],
    'cpu-baseline of two': ['cpu-baseline', file],
  }
  for (const [what, args] of Object.entries(cases)) {
    const [bare = 0, ours = 0] = inTurn(
      [node, { command: process.execPath, args: [CLI, ...args] }],
      quick ? 21 : 100,
    )
    row(
      `  ${what}`,
      `ratio ${(ours / bare).toFixed(2)}`,
      `${(ours - bare).toFixed(1)} ms`.padStart(8),
      `(${ours.toFixed(1)} against ${bare.toFixed(1)})`,
    )
  }
}

/** What reading this machine's CPUs adds to a command, and to a start of Node. */
function probe(): void {
  const [cpu, host] = [
    write('cpu.xml', ['<cpu><model>486</model></cpu>']),
    write('host.xml', hostDocuments(1)),
  ]
  const compare = [CLI, 'cpu-compare', cpu]
  const commands = [['-e', '0'], [...compare, '--host', host], compare]
  const [bare = 0, recorded = 0, probed = 0] = inTurn(
    commands.map(args => ({ command: process.execPath, args })),
    quick ? 21 : 100,
  )
  console.log("\nthis machine's CPU")
  row('  probe, over --host FILE', ms(probed - recorded))
  row('  cpu-compare with this machine, over bare Node', ms(probed - bare))
}

function batch(): void {
  const requests = Array.from({ length: 10_000 }, (_, id) => {
    const dumps = dumpRows(CpuMap.builtIn().of('x86'))
    const data = dumps[id % dumps.length]
    return JSON.stringify({ id, verb: 'decode', cpuid: data?.rows(), msr: data?.msrs() })
  }).join('\n')
  console.log('\nbatch')
  row(
    '  10 000 decodes, whole process',
    ms(once({ command: process.execPath, args: [CLI, 'batch'], input: requests })),
  )
}

function* repeated(n: number, distinct: number): Iterable<string> {
  const documents = [...hostDocuments(distinct)]
  for (let i = 0; i < n; i++) yield documents[i % distinct] ?? ''
}

function write(name: string, documents: Iterable<string>): string {
  const file = join(folder, name)
  writeFileSync(file, '')
  let chunk = ''
  const flush = () => {
    writeFileSync(file, chunk, { flag: 'a' })
    chunk = ''
  }
  for (const document of documents) {
    chunk += document
    if (chunk.length > 1 << 24) flush()
  }
  flush()
  return file
}

try {
  console.log(`Node ${process.version}, virt-cpu ${JSON.parse(readFileSync('package.json', 'utf8')).version}`)
  inProcess()
  wholeProcess()
  startUp()
  probe()
  batch()
} finally {
  rmSync(folder, { recursive: true })
}
