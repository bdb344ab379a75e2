import { gzipSync } from 'node:zlib'
import type { Draw } from '../random.ts'

/** What texts are changed with. */
export interface Material {
  /** A text to take pieces from. */
  readonly other: string
  /** Words that are inserted. */
  readonly words: readonly string[]
}

type Change = (text: string, draw: Draw, material: Material) => string

/** One to three changes of a text: some know tags, lines and values, some only characters. */
export function mutateText(text: string, draw: Draw, material: Material): string {
  let out = text
  for (let n = 1 + draw.number(3); n > 0; n--) out = draw.pick(CHANGES)(out, draw, material)
  return out.length > LONGEST ? out.slice(0, LONGEST) : out
}

/** As many characters as a changed text may have. */
const LONGEST = 200_000

const insert: Change = (text, draw, { words }) => {
  const at = draw.number(text.length + 1)
  return text.slice(0, at) + draw.pick(words) + text.slice(at + draw.number(2))
}

const drop: Change = (text, draw) => {
  const at = draw.number(text.length + 1)
  return text.slice(0, at) + text.slice(at + 1 + draw.number(3))
}

const cut: Change = (text, draw) => text.slice(0, draw.number(text.length + 1))

/** Replaces, doubles, drops or imports a piece that begins with `<` or a line. */
const splice: Change = (text, draw, { other }) => {
  const parts = text.split(/(?=[<\n])/)
  const foreign = other.split(/(?=[<\n])/)
  const dropped = draw.chance(0.3) ? 0 : 1 + draw.number(2)
  const inserted = draw.chance(0.5) ? [] : [draw.pick(draw.chance(0.5) ? parts : foreign)]
  parts.splice(draw.number(parts.length), dropped, ...inserted)
  return parts.join('')
}

const swapLines: Change = (text, draw) => {
  const lines = text.split('\n')
  const [a, b] = [draw.number(lines.length), draw.number(lines.length)]
  const moved = lines.map((line, i) => (i === a ? lines[b] : i === b ? lines[a] : line))
  return moved.join('\n')
}

/** The beginning of one text and the end of another. */
const join: Change = (text, draw, { other }) =>
  text.slice(0, draw.number(text.length + 1)) + other.slice(draw.number(other.length + 1))

/** Puts one word or number of the text in the place of another. */
const swapValues: Change = (text, draw) => {
  const words = [...text.matchAll(/[\w.-]+/g)]
  if (words.length === 0) return text
  return replaceMatch(text, draw.pick(words), draw.pick(words)[0])
}

const changeNumber: Change = (text, draw) => {
  const numbers = [...text.matchAll(/\b(?:0x)?[0-9a-f]*\d[0-9a-f]*\b/gi)]
  return numbers.length === 0 ? text : replaceMatch(text, draw.pick(numbers), draw.pick(NUMBERS))
}

const changeWord: Change = (text, draw) => {
  const words = [...text.matchAll(/[a-z_][\w-]*/gi)]
  return words.length === 0 ? text : replaceMatch(text, draw.pick(words), draw.pick(NAMES))
}

const replaceMatch = (text: string, { 0: old, index }: RegExpExecArray, replacement: string): string =>
  text.slice(0, index) + replacement + text.slice(index + old.length)

/** Repeats a piece or a sign very often. */
const swell: Change = (text, draw) => {
  const at = draw.number(text.length + 1)
  const piece = draw.chance(0.5) ? text.slice(at, at + 1 + draw.number(200)) : draw.pick(DEEP)
  const times = draw.pick([10, 100, 1000, 20_000])
  return (
    text.slice(0, at) +
    piece.repeat(Math.min(times, Math.ceil(LONGEST / (piece.length + 1)))) +
    text.slice(at)
  )
}

const CHANGES: readonly Change[] = [
  ...[insert, insert, drop, cut, splice, splice, splice, swapLines, join],
  ...[swapValues, swapValues, changeNumber, changeNumber, changeWord, swell],
]

const NUMBERS = [
  ...[
    '0',
    '-1',
    '1',
    '00000000',
    'ffffffff',
    '0xffffffff',
    '4294967295',
    '4294967296',
    '2147483648',
    '-2147483649',
  ],
  ...[
    '9007199254740993',
    '18446744073709551615',
    '18446744073709551616',
    '1e999',
    '1e21',
    '0.1',
    '-0',
    '007',
    '0x',
  ],
  ...['NaN', 'Infinity', '١', '9'.repeat(400)],
]

/** Names that mean something to the language that we are written in. */
const NAMES = [
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'length',
    'then',
    'toJSON',
  ],
  ...['null', 'undefined', 'true', '', 'NaN'],
]

/** What nests. */
const DEEP = [
  '[',
  '{"a":',
  '<a>',
  '(',
  '((?',
  '- ',
  '- - ',
  '&a [',
  '"',
  "'",
  '\\',
  '\t',
  '\r',
  ' ',
  '\n',
  '<!--',
  '{{',
  '%',
]

/** Words that any text may be broken with. */
export const SIGNS: readonly string[] = [
  ...' \t\r\n-:=[]<>{}()\'"&;,|/\\#%*?!@$^~`+_.0x'.split(''),
  ...[
    '\0',
    '\x7f',
    '\x85',
    '\xa0',
    '\xe9',
    '\u2028',
    '\ufeff',
    '\ufffe',
    '\ud83d',
    '\ude42',
    '\u202e',
    '\u0130',
  ],
  ...[
    '\r\n',
    '\n\n',
    '---\n',
    '...\n',
    '{}',
    '[]',
    '""',
    '<a/>',
    ']]>',
    '<!--',
    '&a',
    '*a',
    '!!js ',
    'null',
    '\x1b[1m',
  ],
]

/** A text as bytes, at times in an encoding that nobody expects, or damaged. */
export function mutateBytes(text: string, draw: Draw): Buffer {
  return draw.chance(0.85) ? Buffer.from(text) : draw.pick(ENCODINGS)(text, draw)
}

const ENCODINGS: readonly ((text: string, draw: Draw) => Buffer)[] = [
  text => Buffer.from(`\ufeff${text}`, 'utf16le'),
  text => Buffer.from(text, 'utf16le'),
  text => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
  text => Buffer.from(`\ufeff${text}`),
  text => Buffer.from(text, 'latin1'),
  text => Buffer.from(text.replace(/\r?\n/g, '\r\n')),
  text => Buffer.from(text.replace(/\r?\n/g, '\r')),
  text => Buffer.concat([Buffer.from(text), Buffer.alloc(512)]),
  text => gzipSync(text),
  (text, draw) => {
    const packed = gzipSync(text)
    return packed.subarray(0, draw.number(packed.length))
  },
  (text, draw) => damage(gzipSync(text), draw),
  (text, draw) => damage(Buffer.from(text), draw),
]

/** Bytes with a few of them changed. */
export function damage(bytes: Buffer, draw: Draw): Buffer {
  const out = Buffer.from(bytes)
  for (let n = 1 + draw.number(4); n > 0 && out.length > 0; n--)
    out[draw.number(out.length)] = draw.number(256)
  return out
}
