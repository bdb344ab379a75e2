import type { Database } from '../src/map/database.ts'
import { readInstalled } from '../src/map/libvirt/cpu-map.ts'

/**
 * A database from a cpu_map of a few lines, read as an installed one is:
 *
 *     vendor NAME ID
 *     feature a b c!                     one bit each from bit 0 of CPUID leaf 7 EBX; `!`: not migratable
 *     model NAME [<ANCESTOR] [F/M …] [VENDOR] [host|guest|never] : FEATURE -REMOVED +ADDED …
 *
 * Anything that starts with `<` is XML and goes into the map as it is.
 */
export function smallMap(text: string): Database {
  let bit = 0
  const vendors = new Set<string>()
  const lines = text.split('\n').flatMap(line => {
    const [kind, ...words] = line.trim().split(/\s+/)
    if (kind === '' || kind === undefined) return []
    if (kind.startsWith('<')) return [line]
    if (kind === 'vendor') vendors.add(words[0] ?? '')
    if (kind === 'vendor') return [`<vendor name='${words[0]}' string='${words[1]}'/>`]
    if (kind === 'feature') return words.map(word => featureXml(word, bit++))
    if (kind === 'model') return [modelXml(words, vendors)]
    throw new RangeError(`not a line of a small map: ${line}`)
  })
  const index = `<cpus><arch name='x86'><include filename='all.xml'/></arch></cpus>`
  const all = `<cpus>${lines.join('\n')}</cpus>`
  return readInstalled(name => (name === 'index.xml' ? index : all), 'x86')
}

/** Appendix D of the behaviour's description: four models that show what decides a choice. */
export const SMALL = `
  vendor Intel GenuineIntel
  feature a b c d e!
  model base : a
  model mid 6/1 Intel : a b -c
  model mid-v1 <mid host
  model top 6/2 Intel : a b d
`

function featureXml(word: string, bit: number): string {
  const mask = `0x${((1 << bit) >>> 0).toString(16)}`
  const stays = word.endsWith('!') ? ` migratable='no'` : ''
  return `<feature name='${word.replace('!', '')}'${stays}><cpuid eax_in='0x07' ecx_in='0x00' ebx='${mask}'/></feature>`
}

/** For whom decoding may choose the model; without a word: for both. */
const DECODE: Readonly<Record<string, string>> = {
  host: `<decode host='on' guest='off'/>`,
  guest: `<decode host='off' guest='on'/>`,
  never: `<decode host='off' guest='off'/>`,
}

function modelXml([name = '', ...words]: readonly string[], vendors: ReadonlySet<string>): string {
  const colon = words.includes(':') ? words.indexOf(':') : words.length
  const [head, features] = [words.slice(0, colon), words.slice(colon + 1)]
  const decode = head.map(word => DECODE[word]).find(Boolean) ?? `<decode host='on' guest='on'/>`
  const rest = head
    .filter(word => !(word in DECODE))
    .map(word => {
      if (word.startsWith('<')) return `<model name='${word.slice(1)}'/>`
      return vendors.has(word) ? `<vendor name='${word}'/>` : signatureXml(word)
    })
  return `<model name='${name}'>${[decode, ...rest, ...features.map(featureLine)].join('')}</model>`
}

function featureLine(word: string): string {
  const mark = { '-': ` removed='yes'`, '+': ` added='yes'` }[word[0] ?? ''] ?? ''
  return `<feature name='${word.replace(/^[-+]/, '')}'${mark}/>`
}

function signatureXml(word: string): string {
  const [family, model, steppings] = word.split('/')
  const set = steppings ? ` stepping='${steppings}'` : ''
  return `<signature family='${family}' model='${model}'${set}/>`
}
