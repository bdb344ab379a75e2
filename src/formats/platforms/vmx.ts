import { bitMask } from '../../core/bits.ts'
import { REGISTERS, type Register } from '../../core/feature.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { Dialect, Found } from '../found.ts'
import { anyCase, isObject } from '../json/json-value.ts'
import { featuresOfSettings, guestCpuOf, type Setting } from './guest-cpu.ts'
import { cpuidPlace, dumpOfWords, featuresOfWords, type KnownWord } from './register-words.ts'

/** A VMware virtual machine's configuration file: the CPU is the host's, but for masks. */
export const vmx: Dialect = {
  name: 'vmx',
  title: 'a VMX file',
  hostsBy: 'govc object.collect -json HOST config.featureCapability',
  sniff: text =>
    /^[ \t]*(?:cpuid\.[0-9a-f]+\.e[abcd]x(?:\.amd)?|featMask\.vm\.cpuid\.\w+|virtualHW\.version)\s*=\s*"/im.test(
      text,
    ),
  read: (text, source) => {
    const options = new Map<string, string>()
    for (const [, key = '', value = ''] of text.matchAll(/^[ \t]*([\w.:]+)\s*=\s*"([^"]*)"/gm))
      options.set(key, value)
    const notes: string[] = []
    const settings = [...options].flatMap(([key, value]) => readMask(key, value, source, notes))
    const vcpus = Number(options.get('numvcpus') ?? Number.NaN)
    return [
      {
        kind: 'guest',
        layer: 'defined',
        cpu: guestCpuOf('host', featuresOfSettings(settings, 'libvirt')),
        name: options.get('displayName'),
        uuid: options.get('uuid.bios'),
        vcpus: vcpus > 0 ? vcpus : undefined,
        notes,
      },
    ]
  },
}

/** A bit mask of a register, or `featMask.vm.cpuid.NAME = "Val:0"`. */
function readMask(key: string, value: string, source: string, notes: string[]): Setting[] {
  const feature = /^featMask\.vm\.cpuid\.(\w+)$/i.exec(key)?.[1]
  if (feature) {
    const setting: Setting = [feature, value.endsWith(':0') ? 'disable' : 'require']
    return featuresOfSettings([setting], 'vmware', 'libvirt').map(({ name }) => [name, setting[1]])
  }
  const [, leaf = '', name = '', amd] = /^cpuid\.([0-9a-f]+)\.(e[abcd]x)(\.amd)?$/i.exec(key) ?? []
  const register = REGISTERS.find(known => known === name.toLowerCase())
  if (!register) return []
  if (amd) notes.push(`\`${key}\` is for hosts of AMD alone`)
  if (amd) return []
  const bits = value.replace(/[\s:]/g, '')
  if (!/^[01HRTFx-]{32}$/i.test(bits)) {
    throw new ParseError(`${key}: 32 of 0 1 - H R T F x are needed, the most significant bit first`, source)
  }
  return settingsOf(Number.parseInt(leaf, 16), register, bits)
}

function settingsOf(leaf: number, register: Register, bits: string): Setting[] {
  const place = cpuidPlace(leaf, 0, register)
  const features = (characters: RegExp) =>
    featuresOfWords([{ place, value: 0, known: maskOf(bits, characters) }]).absent
  return [
    ...features(/[0F]/i).map((name): Setting => [name, 'disable']),
    ...features(/1/).map((name): Setting => [name, 'force']),
    ...features(/T/i).map((name): Setting => [name, 'require']),
  ]
}

/** The bits whose characters match. */
const maskOf = (bits: string, characters: RegExp): number =>
  [...bits].reduce((mask, c, i) => (characters.test(c) ? (mask | bitMask(31 - i)) >>> 0 : mask), 0)

/** `[{"level": 1, "ecx": "0111:…"}…]`: registers of the hardware, `-` where a bit is unknown. */
export function hardwareOf(list: unknown, name: string | undefined): Found[] {
  if (!Array.isArray(list)) return []
  const words = list.filter(isObject).flatMap(entry =>
    REGISTERS.flatMap((register): KnownWord[] => {
      const level = Number(anyCase(entry, 'level') ?? Number.NaN)
      const bits = String(anyCase(entry, register) ?? '').replaceAll(':', '')
      if (!(level >= 0 && /^[01-]{32}$/.test(bits))) return []
      return [
        { place: cpuidPlace(level, 0, register), value: maskOf(bits, /1/), known: maskOf(bits, /[01]/) },
      ]
    }),
  )
  return words.length > 0 ? [{ kind: 'dump', dumps: [dumpOfWords(words, { name, layer: 'hardware' })] }] : []
}
