import { requireDriver } from '../src/arch/registry.ts'
import { HostText } from '../src/formats/libvirt/host-text.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { Pool } from '../src/questions/baseline/pool.ts'
import { contextOf } from '../src/questions/context.ts'
import { answerDecode } from '../src/questions/decode/compute.ts'
import { findHosts } from '../src/questions/input/read.ts'
import { parseXml } from '../src/xml/reader.ts'
import { dumpRows } from './dumps.ts'
import { hostDocuments } from './fleet.ts'
import { timed } from './measure.ts'

/** Microseconds a call takes in one process, cold and warm; documents are of 1.9 KB, no two alike. */
export function inProcess(tell: (what: string, cold: number, warm: number) => void): void {
  const context = contextOf()
  const { compare } = requireDriver(context.map, 'x86_64')
  const documents = [...hostDocuments(10_000)]
  const row = <T>(what: string, inputs: readonly T[], ask: (input: T) => void) => {
    const { cold, warm } = timed(inputs.length, () => {
      for (const input of inputs) ask(input)
    })
    tell(what, cold, warm)
  }
  const hosts = documents.map(text => parseCpu(parseXml(text), 'host'))
  const [host] = hosts
  const pool = new Pool(context.map)
  row('XML of one document, to a tree', documents, text => parseXml(text))
  const all = Buffer.from(documents.join('')).toString('latin1')
  const { cold, warm } = timed(documents.length, () => {
    new HostText().readAll(all, 0, cpu => pool.add(cpu, ''))
  })
  tell('a host, read and met', cold, warm)
  const dumps = Array.from({ length: 300 }, () => dumpRows(context.db)).flat()
  row('decode, CPUID words to XML', dumps, data => answerDecode(context, data))
  row('compare, parsed', hosts, cpu => compare(host, cpu))
  row('compare, with parsing', documents, text => {
    for (const { cpu } of findHosts(context, text, 'host')) compare(host, cpu)
  })
}
