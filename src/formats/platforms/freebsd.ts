import type { Place } from '../../core/feature.ts'
import { once } from '../../core/memo.ts'
import type { Dialect, Found } from '../found.ts'
import { cpuidPlace, dumpOfWords, type KnownWord } from './register-words.ts'

/** FreeBSD's boot messages, of pfSense, OPNsense and TrueNAS CORE too: registers in hexadecimal, with names. */
export const freebsd: Dialect = {
  name: 'freebsd-dmesg',
  title: 'FreeBSD dmesg',
  sniff: text => ORIGIN.test(text) && /^[ \t]*Features=0x/m.test(text),
  read: text => text.split(/^(?=CPU: )/m).flatMap(readCpu),
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

function readCpu(text: string): Found[] {
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
