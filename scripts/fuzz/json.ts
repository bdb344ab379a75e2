import type { Draw } from '../random.ts'
import { type Material, mutateText } from './mutate.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Changes one to three places of a JSON value: keys, kinds, numbers, texts, length and depth. */
export function mutateJson(
  value: unknown,
  draw: Draw,
  material: Material & { readonly donor: unknown },
): string {
  let out = structuredClone(value) as Json
  for (let n = 1 + draw.number(3); n > 0; n--) out = changeSomewhere(out, draw, material)
  return JSON.stringify(out) ?? 'null'
}

/** Goes down to a place that is drawn, and changes it. */
function changeSomewhere(value: Json, draw: Draw, material: Material & { readonly donor: unknown }): Json {
  if (typeof value !== 'object' || value === null || draw.chance(0.15)) return changed(value, draw, material)
  const keys = Object.keys(value)
  if (keys.length === 0 || draw.chance(0.15)) return changedKeys(value, draw)
  const key = draw.pick(keys)
  const part = changeSomewhere((value as { [key: string]: Json })[key] ?? null, draw, material)
  return withKey(value, key, part)
}

function changed(value: Json, draw: Draw, material: Material & { readonly donor: unknown }): Json {
  if (typeof value === 'string' && draw.chance(0.6)) return mutateText(value, draw, material)
  if (draw.chance(0.3)) return pieceOf(material.donor as Json, draw)
  if (draw.chance(0.1)) return nested(value, draw)
  if (draw.chance(0.1)) return Array.from({ length: draw.pick([0, 2, 50]) }, () => value)
  if (draw.chance(0.2)) return material.other
  return draw.pick(STRANGE)
}

function changedKeys(value: Json[] | { [key: string]: Json }, draw: Draw): Json {
  const entries = Object.entries(value)
  const [, part = null] = entries[draw.number(Math.max(entries.length, 1))] ?? []
  if (Array.isArray(value))
    return draw.chance(0.5) ? [...value, part] : value.slice(0, draw.number(value.length + 1))
  if (draw.chance(0.4)) return Object.fromEntries(entries.filter(() => draw.chance(0.7)))
  return withKey(value, draw.pick(KEYS), part)
}

/** As JSON.parse makes it: a key of any name is one of its own. */
function withKey(value: Json[] | { [key: string]: Json }, key: string, part: Json): Json {
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? part : item))
  return Object.fromEntries([...Object.entries(value).filter(([name]) => name !== key), [key, part]])
}

/** Any part of a value. */
function pieceOf(value: Json, draw: Draw): Json {
  if (typeof value !== 'object' || value === null || draw.chance(0.3)) return value
  const parts = Object.values(value)
  return parts.length === 0 ? value : pieceOf(draw.pick(parts), draw)
}

function nested(value: Json, draw: Draw): Json {
  let out = value
  for (let n = draw.pick([1, 10, 60, 70, 500]); n > 0; n--) out = draw.chance(0.5) ? [out] : { a: out }
  return out
}

const KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
  '',
  ' ',
  '0',
  'id',
  'verb',
  'explain',
  'libvirt',
]

const STRANGE: readonly Json[] = [
  ...[null, true, false, 0, -1, 1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e300, -0],
  ...[
    '',
    ' ',
    '0',
    '\0',
    '\ud800',
    '\u202e',
    '__proto__',
    'constructor',
    '*',
    '**',
    '/',
    '..',
    '-',
    '[',
    '(',
    '<',
    '%',
    '{',
    '1',
  ],
  ...[
    'x'.repeat(5000),
    'ä',
    '2026-02-30',
    '9'.repeat(30),
    'x86-64-v3',
    'n1',
    'avx2',
    'host-model',
    '<cpu/>',
    '<domain/>',
    '<cpu><arch>x86_64</arch></cpu>',
  ],
  ...[[], {}, [[]], [null], [{}], { '': '' }],
]
