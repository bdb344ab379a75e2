import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readModelText } from '../../src/map/libvirt/cpu-map.ts'
import type { Element } from '../../src/xml/element.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { NO_REFERENCE, reference } from '../reference.ts'

const MODEL = [
  '<cpus>',
  "  <model name='Example-v2'>",
  "    <decode host='on' guest='off'/>",
  "    <signature family='23' model='1' stepping='0-4'/> <!-- 800f10 -->",
  "    <vendor name='AMD'/>",
  "    <feature name='avx2'/>",
  "    <feature name='monitor' removed='yes'/>",
  '  </model>',
  '</cpus>',
  '',
].join('\n')

/** The tree without text: all that a map's reader looks at. */
const bones = (element: Element): unknown => [
  element.name,
  { ...element.attributes },
  element.content.flatMap(part => (typeof part === 'string' ? [] : [bones(part)])),
]

test('reads a model as the XML reader does', () => {
  const quick = readModelText(MODEL)
  expect(quick && bones(quick)).toEqual(bones(parseXml(MODEL)))
})

test.each([
  ['another root', MODEL.replaceAll('cpus>', 'cpu>')],
  ['two elements on a line', MODEL.replace("<vendor name='AMD'/>", "<vendor name='AMD'/><x/>")],
  ['an element with content', MODEL.replace("<vendor name='AMD'/>", '<vendor>AMD</vendor>')],
  ['a reference', MODEL.replace('AMD', '&amp;')],
  ['an attribute twice', MODEL.replace("name='AMD'", "name='AMD' name='AMD'")],
  ['a longer comment', MODEL.replace('800f10', '<vendor/>')],
  ['text', MODEL.replace("    <vendor name='AMD'/>", '    AMD')],
  ['an end too early', MODEL.replace('    <vendor', '  </model>\n    <vendor')],
  ['something after it', `${MODEL}<x/>`],
])('leaves %s to the XML reader', (_, text) => {
  expect(readModelText(text)).toBeUndefined()
})

test('nearly every model of the recorded maps is read so, and all alike', ({ skip }) => {
  for (const release of ['libvirt-11.3', 'libvirt-12.8']) {
    const folder = reference(release, 'cpu_map')
    if (!folder) return skip(NO_REFERENCE)
    const models = readdirSync(folder).filter(name => /^x86_(?!features|vendors)/.test(name))
    const odd: string[] = []
    for (const name of models) {
      const text = readFileSync(join(folder, name), 'utf8')
      const quick = readModelText(text)
      if (quick) expect(bones(quick), name).toEqual(bones(parseXml(text)))
      else odd.push(name)
    }
    expect(odd.length, odd.join(' ')).toBeLessThan(models.length / 20)
  }
})
