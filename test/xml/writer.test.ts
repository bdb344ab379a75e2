import { expect, test } from 'vitest'
import { parseAll, parseXml } from '../../src/xml/reader.ts'
import { escapeXml, printElement } from '../../src/xml/writer.ts'
import { xmlCorpus } from './corpus.ts'

test('five characters become entities, control characters are dropped but for three', () => {
  expect(escapeXml(`a<b>c&d"e'f\t\n\r\0\x01\x0b\x1fg\x7fé`)).toBe(
    'a&lt;b&gt;c&amp;d&quot;e&apos;f\t\n\rg\x7fé',
  )
})

test('two spaces a level, single quotes, nothing around children, mixed text as it is', () => {
  const text = `<cpu mode="custom"><model fallback='forbid'>EPYC</model>
    <topology   sockets='1'/><empty></empty><space> </space><note>a<b/> c<d>e</d></note></cpu>`
  expect(printElement(parseXml(text), 4)).toBe(`    <cpu mode='custom'>
      <model fallback='forbid'>EPYC</model>
      <topology sockets='1'/>
      <empty/>
      <space> </space>
      <note>a<b/> c<d>e</d></note>
    </cpu>
`)
})

const documents = [...xmlCorpus()].filter(([name]) => !name.startsWith('bad-'))
test.each(documents)('%s: what is printed reads and prints the same', (_, text) => {
  const printed = parseAll(text)
    .map(element => printElement(element))
    .join('')
  expect(
    parseAll(printed)
      .map(element => printElement(element))
      .join(''),
  ).toBe(printed)
})
