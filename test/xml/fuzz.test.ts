import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { ParseError } from '../../src/core/parse-error.ts'
import type { Element } from '../../src/xml/element.ts'
import { parseAll, XmlReader } from '../../src/xml/reader.ts'
import { runs } from '../effort.ts'
import { xmlCorpus } from './corpus.ts'
import { Mutator } from './mutate.ts'
import { saxesTree } from './saxes-tree.ts'

const WORDS = [
  ...'<>&\'"/=!?;-[]: \t\n\r\0\x01\x7f\x85\xe9\u2028\ufeff\ufffe'.split(''),
  ...[
    '\ud83d\ude42',
    '\ud83d',
    '\ude42',
    ']]>',
    '-->',
    '<!--',
    '--',
    '<![CDATA[',
    '<?',
    '?>',
    '<?xml ?>',
    '<!DOCTYPE a>',
  ],
  ...[
    '&amp;',
    '&lt;',
    '&#65;',
    '&#x1F642;',
    '&#0;',
    '&nbsp;',
    '&',
    '/>',
    '</',
    '</cpu>',
    '<cpu>',
    '<cpu/>',
    '\r\n',
  ],
  ...[
    "xmlns='u'",
    "xmlns:p='q'",
    'p:',
    "xmlns=''",
    " a='1'",
    ' a="1"',
    " a='1' a='2'",
    ' name',
    '__proto__',
    "='",
  ],
]

interface Outcome {
  readonly tree?: readonly Element[]
  readonly error?: string
}

function outcome(read: () => Element[]): Outcome {
  try {
    return { tree: read() }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return { error: error.message }
  }
}

function readChunks(chunks: readonly string[]): Element[] {
  const found: Element[] = []
  const reader = new XmlReader({ onElement: element => found.push(element) })
  for (const chunk of chunks) reader.write(chunk)
  reader.end()
  return found
}

function reference(text: string): Element[] | undefined {
  try {
    return saxesTree(text)
  } catch {
    return undefined
  }
}

const seeds = [...xmlCorpus().values()]

test('there are enough seeds', () => expect(seeds.length).toBeGreaterThanOrEqual(50))

const SEED = Number(process.env.SEED ?? 1)
test(`the reader agrees with saxes, however the text is cut (SEED=${SEED})`, () => {
  const random = new Mutator(SEED)
  for (let run = runs(200_000); run > 0; run--) {
    const text = random.mutate(random.pick(seeds), random.pick(seeds), WORDS)
    const whole = outcome(() => parseAll(text))
    const expected = reference(text)
    if (!isDeepStrictEqual(whole.tree, expected)) expect({ text, ...whole }).toEqual({ text, tree: expected })
    const cut = outcome(() => readChunks(random.chunks(text)))
    if (!isDeepStrictEqual(cut, whole)) expect({ text, ...cut }).toEqual({ text, ...whole })
  }
})
