import { describe, expect, test } from 'vitest'
import { readInstalled } from '../../src/map/libvirt/cpu-map.ts'
import { builtin } from '../built-in.ts'
import { names, refusal } from '../notation.ts'
import { SMALL, smallMap } from '../small-map.ts'

/** Installed maps: what is read, and libvirt's words for what is refused. */

const DATA = `<cpuid eax_in='7' ebx='1'/>`
const DECODE = `<decode host='on' guest='on'/>`

/** A map of one file; `x` is what the errors call it. */
const load = (body: string, index = `<include filename='x'/>`) =>
  readInstalled(name =>
    name === 'index.xml' ? `<cpus><arch name='x86'>${index}</arch></cpus>` : `<cpus>${body}</cpus>`,
  )

describe('what is read', () => {
  test('removed features are out of children, and in no list but their own', () => {
    const db = smallMap(`${SMALL} model kid <top : e -d +c\n model grandkid <kid : a`)
    expect(names(db.model('top')?.features ?? db.features.all, db)).toBe('a b d')
    const kid = db.model('kid')
    expect([kid?.removed, kid?.added].map(list => list?.map(feature => feature.name))).toEqual([['d'], ['c']])
    expect(names(kid?.features ?? db.features.all, db)).toBe('a b d e')
    const grandkid = db.model('grandkid')
    expect(names(grandkid?.features ?? db.features.all, db)).toBe('a b e')
    expect([grandkid?.removed, grandkid?.added]).toEqual([[], []])
  })

  test('a child without anything of its own is the canonical name', () => {
    const db = smallMap(SMALL)
    expect(db.model('mid')?.canonical).toBe('mid-v1')
    expect(db.model('mid-v1')).not.toHaveProperty('canonical')
    expect(db.model('mid-v1')).toMatchObject({
      vendor: { name: 'Intel' },
      signatures: [{ family: 6, model: 1 }],
    })
  })

  test('a feature may have several bits, in several words, and share them', () => {
    const db = load(`<feature name='f'><alias name='g'/><cpuid eax_in='0x7' ecx_in='1' ebx='0x3' edx='010'/>
      <msr index='266' eax='0' edx='0x80000000'/></feature><feature name='g'><cpuid eax_in='7' ecx_in='1' ebx='2'/></feature>`)
    expect(db.features.get('f')?.bits.size).toBe(4)
    expect(db.features.words).toHaveLength(3)
    expect(names(db.features.get('f')?.bits ?? db.features.all, db)).toBe('f')
  })

  test('steppings', () => {
    const mask = (text: string) =>
      load(`<model name='m'>${DECODE}<signature family='6' model='0' stepping='${text}'/></model>`).models[0]
        ?.signatures[0]
    expect(mask('0-4, 7,^2')).toEqual({ family: 6, model: 0, steppings: 0b1001_1011 })
    expect(refusal(() => mask('4-2'))).toBe("invalid argument: Failed to parse bitmap '4-2'")
  })

  test('what maps do not say may come from our data', () => {
    const files = (name: string) =>
      name === 'index.xml'
        ? `<cpus><arch name='x86'><include filename='x'/></arch></cpus>`
        : `<cpus><feature name='md-clear'>${DATA}</feature><feature name='new'><cpuid eax_in='7' ebx='2'/></feature></cpus>`
    const [known, unknown] = readInstalled(files, 'x86', builtin()).features.list
    expect(known).toMatchObject({ order: '|', class: 'security', title: expect.stringContaining('VERW') })
    expect(unknown).toMatchObject({ order: '&', title: '' })
    expect(readInstalled(files).features.get('md-clear')).toMatchObject({ order: '&', title: '' })
  })

  test('groups are opened, those without a name are not', () => {
    const index = `<vendor name='V' string='TwelveBytes!'/><group name='g'><include filename='x'/></group><group><include/></group>`
    expect(load(`<model name='m'>${DECODE}<vendor name='V'/></model>`, index).models[0]?.vendor?.name).toBe(
      'V',
    )
  })
})

const feature = (data: string) => `<feature name='f'>${data}</feature>`
const model = (body: string) => `<model name='m'>${body}</model>`

/** Documents that libvirt refuses, and its error without the kind. */
const REFUSED: readonly [body: string, message: string][] = [
  [`<vendor string='TwelveBytes!'/>`, "cannot find vendor name in CPU map 'x'"],
  [`<feature>${DATA}</feature>`, "cannot find feature name in CPU map 'x'"],
  [`<model>${DECODE}</model>`, "cannot find model name in CPU map 'x'"],
  [`<vendor name='V' string='TwelveBytes!'/><vendor name='V'/>`, 'CPU vendor V already defined'],
  [`<vendor name='V'/>`, 'Missing vendor string for CPU vendor V'],
  [`<vendor name='V' string='short'/>`, "Invalid CPU vendor string 'short'"],
  [feature(DATA) + feature(DATA), 'CPU feature f already defined'],
  [feature(''), 'no x86 CPU data found'],
  [feature(`<alias name='a'/>${DATA}<cpuid ebx='1'/>`), 'Invalid cpuid[1]'],
  [feature(`<cpuid eax_in='7' ebx='-1'/>`), 'Invalid cpuid[0]'],
  [feature(`<cpuid eax_in='7' ebx='0x100000000'/>`), 'Invalid cpuid[0]'],
  [feature(`<cpuid eax_in='7 ' ebx='1'/>`), 'Invalid cpuid[0]'],
  [feature(`<cpuid eax_in='08' ebx='1'/>`), 'Invalid cpuid[0]'],
  [feature(`<msr index='1' eax='1'/>`), 'Invalid msr[0]'],
  [feature(`<wrong index='1'/>`), 'Invalid msr[0]'],
  [model(DECODE) + model(DECODE), "Multiple definitions of CPU model 'm'"],
  [model(`<check/>${DECODE}`), 'Missing check/@partial in CPU model m'],
  [model(`<check partial='full'/>${DECODE}`), "Invalid check/@partial value 'full' in CPU model m"],
  [model(''), 'missing decode element in CPU model m'],
  [model(`${DECODE}<model/>`), "Missing ancestor's name in CPU model m"],
  [model(`${DECODE}<model name='n'/>`), 'Ancestor model n not found for CPU model m'],
  [model(`${DECODE}<signature model='1'/>`), 'Invalid CPU signature family in model m'],
  [model(`${DECODE}<signature family='0' model='1'/>`), 'Invalid CPU signature family in model m'],
  [model(`${DECODE}<signature family='6'/>`), 'Invalid CPU signature model in model m'],
  [model(`${DECODE}<signature family='6' model='x'/>`), 'Invalid CPU signature model in model m'],
  [model(`${DECODE}<vendor/>`), 'Invalid vendor element in CPU model m'],
  [model(`${DECODE}<vendor name='V'/>`), 'Unknown vendor V referenced by CPU model m'],
  [model(`${DECODE}<feature/>`), 'Missing feature name for CPU model m'],
  [model(`${DECODE}<feature name='f'/>`), 'Feature f required by CPU model m not found'],
  [
    `${model(DECODE)}<model name='k'>${DECODE}<model name='m'/></model><model name='l'>${DECODE}<model name='m'/></model>`,
    "Cannot set CPU model 'l' as canonical name of 'm' which is already an alias of 'k'",
  ],
]

describe('what is refused', () => {
  test.each(REFUSED)('%s', (body, message) => {
    expect(refusal(() => load(body))).toBe(`internal error: ${message}`)
  })

  test('the index', () => {
    expect(refusal(() => load('', '<include/>'))).toBe(
      "internal error: Missing 'filename' in CPU map include",
    )
    expect(refusal(() => readInstalled(() => '<cpus/>', 'arm'))).toBe(
      'internal error: cannot find CPU map for arm architecture',
    )
    expect(refusal(() => readInstalled(() => '<cpus/>', ''))).toBe(
      'internal error: undefined hardware architecture',
    )
  })

  test('words that are neither on nor off', () => {
    expect(refusal(() => load(model(`<decode host='on'/>`)))).toBe(
      "XML error: Missing required attribute 'guest' in element 'decode'",
    )
    expect(refusal(() => load(model(`<decode host='yes' guest='on'/>`)))).toBe(
      "XML error: Invalid value for attribute 'host' in element 'decode': 'yes'.",
    )
  })

  test('what is not XML', () => expect(refusal(() => load('<'))).toMatch(/^x:1/))
})
