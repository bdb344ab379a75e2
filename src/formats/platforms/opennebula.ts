import { CpuMap } from '../../map/cpu-map.ts'
import { parseXml } from '../../xml/reader.ts'
import type { Dialect, Found, Statement } from '../found.ts'
import { nearestText, objectsIn, parseDocuments } from '../json/json.ts'
import { beginsAsPlatformXml } from '../libvirt/document-reader.ts'
import { guestCpuOf } from './guest-cpu.ts'

/** OpenNebula: hosts in all four forms of `onehost`, VM templates, and the EVC mode of a cluster. */
export const openNebula: Dialect = {
  name: 'opennebula',
  title: 'OpenNebula: onehost show, CPU_MODEL of a VM template, EVC_MODE of a cluster',
  hostsBy: 'onehost show ID -j',
  sniff: text =>
    /\bKVM_CPU_MODELS?\b["\s]*[=:>]/.test(text) || /^[ \t]*(?:CPU_MODEL\s*=\s*\[|EVC_MODE\s*=)/m.test(text),
  read: (text, source) => {
    if (beginsAsPlatformXml(text)) parseXml(text, source)
    if (/^\ufeff?\s*[[{]/.test(text)) {
      const documents = parseDocuments(text, source).flatMap(({ value }) => [...objectsIn(value)])
      const hosts = documents.filter(({ object }) => 'KVM_CPU_MODEL' in object || 'KVM_CPU_MODELS' in object)
      return hosts.map(({ object, around }) =>
        hostOf(key => (typeof object[key] === 'string' ? object[key] : nearestText({ object, around }, key))),
      )
    }
    const guest = guestsIn(text)
    if (guest.length > 0) return guest
    const parts = text.split(/(?=<HOST>)|^(?=HOST \d+ INFORMATION)|^(?=-?\s*(?:HOST:|- ID:))/m)
    return parts.filter(part => /KVM_CPU_MODEL/.test(part)).map(part => hostOf(key => valueIn(part, key)))
  },
}

/** A value of XML, of `K="v"`, or of YAML. */
function valueIn(text: string, key: string): string | undefined {
  const xml = new RegExp(`<${key}>(?:<!\\[CDATA\\[)?([^<\\]]*)`).exec(text)?.[1]
  return xml ?? new RegExp(`^[ \\t]*${key}\\s*[:=]\\s*["']?([^"'\\r\\n]*)`, 'm').exec(text)?.[1]?.trim()
}

/**
 * The list of features does not tell required from disabled ones: of the features of the model itself it tells nothing.
 * The list of models holds, in older versions, every model that libvirt knows.
 */
function hostOf(textOf: (key: string) => string | undefined): Statement {
  const model = textOf('KVM_CPU_MODEL') || undefined
  const words = (textOf('KVM_CPU_FEATURES') ?? '').split(',').filter(word => word !== '')
  const db = CpuMap.builtIn().of('x86')
  const own = db.model(model ?? '')?.features
  const present = words.filter(word => {
    const feature = db.features.get(word)
    return !(feature && own && feature.bits.leq(own))
  })
  const models = textOf('KVM_CPU_MODELS')?.trim()
  const note =
    'KVM_CPU_FEATURES does not tell disabled features from required ones: those of the model are left out'
  return {
    kind: 'statement',
    layer: 'hardware',
    arch: textOf('ARCH') || 'x86_64',
    vocabulary: 'libvirt',
    present,
    complete: false,
    name: textOf('NAME'),
    pool: textOf('CLUSTER'),
    model,
    brand: textOf('MODELNAME'),
    emulatorModels: models ? models.split(/\s+/) : undefined,
    notes: present.length < words.length ? [note] : [],
  }
}

function guestsIn(text: string): Found[] {
  const inner = /^[ \t]*CPU_MODEL\s*=\s*\[([^\]]*)\]/m.exec(text)?.[1]
  const evc = /^[ \t]*EVC_MODE\s*=\s*"?([\w.-]+)/m.exec(text)?.[1]
  const name = /^[ \t]*NAME\s*=\s*"?([^"\r\n]+)/m.exec(text)?.[1]
  if (inner === undefined && evc === undefined) return []
  const of = (key: string) =>
    new RegExp(`\\b${key}\\s*=\\s*"([^"]*)"`).exec(inner ?? '')?.[1]?.replace(/\s*\n\s*/g, '')
  const words = (of('FEATURES') ?? '').split(',').flatMap(word => (word.trim() ? [word.trim()] : []))
  const features = words.map(word => ({ name: word, policy: 'require' }) as const)
  const guest = { kind: 'guest', layer: 'defined', name } as const
  const note = 'the EVC mode of a cluster replaces the model of its VMs'
  return [
    ...(inner === undefined ? [] : [{ ...guest, cpu: guestCpuOf(of('MODEL'), features, FIXED) }]),
    ...(evc === undefined ? [] : [{ ...guest, cpu: guestCpuOf(evc, [], FIXED), notes: [note] }]),
  ]
}

const FIXED = { fallback: 'forbid' } as const
