import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CpuMap } from '../src/map/cpu-map.ts'
import { readInstalled } from '../src/map/libvirt/cpu-map.ts'

/** A small generator of repeatable numbers in [0, n): mulberry32. */
export function dice(seed: number): (n: number) => number {
  let state = seed
  return n => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

const FEATURES = 59

/** Where an installed libvirt has its map: virsh refuses documents with features that are not in it. */
const INSTALLED = '/usr/share/libvirt/cpu_map'

/** Features that the built-in data and an installed libvirt know, in map order. */
function knownFeatures() {
  const db = CpuMap.builtIn().of('x86')
  if (!existsSync(join(INSTALLED, 'index.xml'))) return db.features.list
  const installed = readInstalled(name => readFileSync(join(INSTALLED, name), 'utf8'))
  return db.features.list.filter(({ name }) => installed.features.get(name))
}

/**
 * `distinct` host documents of about 1.8 KB and 59 features each, in map order as virsh prints them, of one
 * vendor, so that they have a baseline. No two are equal: other features are left out, and the microcode differs.
 */
export function* hostDocuments(distinct: number, seed = 1): Iterable<string> {
  const db = CpuMap.builtIn().of('x86')
  const model = db.model('Skylake-Server-IBRS')
  const spare = knownFeatures()
    .filter(({ bits }) => model && !bits.meets(model.features))
    .slice(0, FEATURES + 20)
  const roll = dice(seed)
  for (let i = 0; i < distinct; i++) {
    const features = [...spare]
    while (features.length > FEATURES) features.splice(roll(features.length), 1)
    yield flat(
      '<cpu>\n' +
        '  <arch>x86_64</arch>\n' +
        '  <model>Skylake-Server-IBRS</model>\n' +
        '  <vendor>Intel</vendor>\n' +
        `  <microcode version='${33554432 + i}'/>\n` +
        "  <signature family='6' model='85' stepping='4'/>\n" +
        "  <topology sockets='1' dies='1' clusters='1' cores='20' threads='2'/>\n" +
        features.map(({ name }) => `  <feature name='${name}'/>\n`).join('') +
        '</cpu>\n',
    )
  }
}

/** The same text in one piece, as files give it: a concatenation stays a tree of strings, and slow to read. */
const flat = (text: string): string => Buffer.from(text).toString('latin1')
