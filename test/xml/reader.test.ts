import { describe, expect, test } from 'vitest'
import { ParseError } from '../../src/core/parse-error.ts'
import { child, children, textOf } from '../../src/xml/element.ts'
import { parseAll, parseXml, untilNul, XmlReader, type XmlReaderOptions } from '../../src/xml/reader.ts'
import { printElement } from '../../src/xml/writer.ts'

/** The elements in one line each. */
const all = (text: string) => parseAll(text).map(element => printElement(element).replace(/\n\s*/g, ''))

function failure(read: () => unknown): ParseError {
  try {
    read()
  } catch (error) {
    if (error instanceof ParseError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const place = ({ line, column, what }: ParseError) => `${line}:${column} ${what}`

describe('what is read', () => {
  test('elements in a row, with anything between them', () => {
    expect(all("a <x/> b <!-- <y/> --><z k='1'>t</z>\n<?pi <w/> ?>&amp;<v></v> c")).toEqual([
      '<x/>',
      "<z k='1'>t</z>",
      '<v/>',
    ])
  })

  test('text is one string around comments, CDATA and references', () => {
    expect(parseXml('<a>x<!-- - -->y<![CDATA[<&]]>z&#x41;&lt;<b/>\r\nw</a>').content).toEqual([
      'xy<&zA<',
      { name: 'b', attributes: {}, content: [] },
      '\nw',
    ])
    expect(textOf(parseXml('<a>x<b>y<c>z</c></b>w</a>'))).toBe('xyzw')
  })

  test('attributes: references resolved, white space as XML says, no prototype', () => {
    const { attributes } = parseXml(`<a b='1&lt;2' c="it's" d='x\ty\nz' __proto__='p'/>`)
    expect({ ...attributes }).toEqual({ b: '1<2', c: "it's", d: 'x y z', ['__proto__']: 'p' })
    expect(attributes.toString).toBeUndefined()
  })

  test('names in a namespace are in Clark notation, others plain', () => {
    const text =
      "<r xmlns:p='u'><p:a p:k='1' k='2'/><q:b/><c xmlns='v'><d/><e xmlns=''/></c><f xml:lang='en'/></r>"
    const r = parseXml(text)
    expect(children(r).map(e => e.name)).toEqual(['{u}a', 'q:b', '{v}c', 'f'])
    expect({ ...child(r, '{u}a')?.attributes }).toEqual({ '{u}k': '1', k: '2' })
    expect(children(child(r, '{v}c') ?? r).map(e => e.name)).toEqual(['{v}d', 'e'])
    expect(child(r, 'd')).toBeUndefined()
  })

  test('a declaration, a byte order mark', () => {
    expect(parseXml("\ufeff<?xml version='1.0' encoding='ISO-8859-1'?>\n<a/>").name).toBe('a')
    expect(all('<?xml version="1.1"?><a/>')).toEqual(['<a/>'])
    expect(all('\ufeff<a/>')).toEqual(['<a/>'])
  })

  test('each element comes with its line, as soon as it is complete', () => {
    const found: string[] = []
    const reader = new XmlReader({
      onElement: (element, line) => found.push(`${element.name} ${line}`),
      onText: (text, line) => found.push(`${text.trim()} ${line}`),
    })
    for (const chunk of ['x\n<a', '>\n</a><', 'b/>\n\n<c>&am', 'p;</c>y', '\n<!--\n--><d/>']) {
      reader.write(chunk)
      found.push('-')
    }
    reader.end()
    expect(found.join(', ')).toBe('x 1, -, a 2, -, b 3, -, -, c 5, y 5, -, d 7')
  })
})

describe('what is refused, and where', () => {
  test.each([
    ['<a>\n <b>\n</a>', '3:4 </a> closes <b> of line 2'],
    ['<a>\n <b/>\n', '3:1 <a> of line 1 is never closed'],
    ['<a>\n <b c="1"', '2:10 the text ends inside a tag'],
    ['<a/></a>', '1:8 </a> closes nothing'],
    ['<a>\n<!-- x', '2:7 the comment is never closed'],
    ['<a><![CDATA[ x', '1:15 no `]]>` before the end'],
    ['<a b=1/>', '1:6 an attribute value without quotes'],
    ["<a b='1' b='2'/>", '1:16 the attribute b is given twice'],
    ["<a b='1'c='2'/>", '1:9 no space between attributes'],
    ["<a b='<'/>", '1:7 `<` in an attribute value: write `&lt;`'],
    ['<a b/>', '1:5 a character that is not allowed in an attribute name'],
    ['<a>\nx & y</a>', '2:3 `&` begins no entity: write `&amp;` for a literal `&`'],
    ['<a b="x & y"/>', '1:9 `&` begins no entity: write `&amp;` for a literal `&`'],
    ['<a>&nbsp;</a>', '1:9 an entity that is not defined: only lt, gt, amp, quot and apos are'],
    ['<a>&#0;</a>', '1:7 a reference to a character that XML does not allow'],
    ['<a>1 < 2</a>', '1:7 no tag name after `<`: write `&lt;` for a literal `<`'],
    ['<a>]]></a>', '1:6 `]]>` in text: write `]]&gt;`'],
    ['x ]]> <a/>', '1:5 `]]>` in text: write `]]&gt;`'],
    ['<a><!-- -- --></a>', '1:11 `--` inside a comment'],
    ['<a>\n\0</a>', '2:1 U+0000 is not allowed in XML'],
    ['<a>\ud800</a>', '1:4 U+D800 is not allowed in XML'],
    ['<!DOCTYPE a><a/>', '1:9 a DOCTYPE is refused: the entities it defines could grow without bound'],
    ["\n<?xml version='1.0'?><a/>", '2:6 an XML declaration is allowed only at the very start'],
    ["<a/><?xml version='1.0'?>", '1:10 an XML declaration is allowed only at the very start'],
  ])('%j', (text, expected) => expect(place(failure(() => parseAll(text)))).toBe(expected))

  test('what one document may not have besides', () => {
    expect(failure(() => parseXml(' <!-- --> ', 'f.xml')).message).toBe('f.xml: no XML element')
    expect(failure(() => parseXml('<a/>\n<b/>', 'f.xml')).message).toBe(
      'f.xml:2: a second element after the document',
    )
    expect(failure(() => parseXml('<a/>\nx', 'f.xml')).message).toBe(
      'f.xml:1: text outside the document element',
    )
    expect(failure(() => parseXml('<a/>&#65;')).what).toBe('text outside the document element')
  })

  test('places are right after much text, in long lines and in small chunks', () => {
    const text = `${'<ok>\n</ok>\n'.repeat(1000)}<a b='1' >${' '.repeat(150)}<b></a>`
    const reader = new XmlReader({ onElement: () => {}, source: 'f.xml' })
    const error = failure(() => {
      for (let at = 0; at < text.length; at += 7) reader.write(text.slice(at, at + 7))
      reader.end()
    })
    expect(error.message).toBe('f.xml:2001:167: </a> closes <b> of line 2001')
  })

  test('the line and a caret are shown', () => {
    expect(failure(() => parseXml('<cpu>\n  <model>EPYC</vendor>\n</cpu>')).message).toBe(
      '2:22: </vendor> closes <model> of line 2\n    <model>EPYC</vendor>\n                       ^'.replace(
        /^ {4}/m,
        '    ',
      ),
    )
  })
})

describe('limits', () => {
  const nested = (depth: number, text = '') => '<a>'.repeat(depth) + text + '</a>'.repeat(depth)

  test.each(['', '&amp;'])('256 levels and no more (%j)', text => {
    expect(parseXml(nested(256, text)).name).toBe('a')
    expect(place(failure(() => parseXml(nested(257, text))))).toBe('1:769 too deep: more than 256 levels')
  })

  const read = (text: string, step: number, options: Partial<XmlReaderOptions>) => {
    let found = 0
    const reader = new XmlReader({ onElement: () => found++, ...options })
    for (let at = 0; at < text.length; at += step) reader.write(text.slice(at, at + step))
    reader.end()
    return found
  }

  test.each([3, 40, 1000])('a document may not be too long, a stream may (%i)', step => {
    const fits = `<a>${'<b/>'.repeat(20)}</a>\n`
    expect(read(fits.repeat(50), step, { maxSize: 100 })).toBe(50)
    const error = failure(() => read(`${fits}<a>${'<b/>'.repeat(30)}</a>`, step, { maxSize: 100 }))
    expect(error.message).toBe('2: too long: more than 100 characters in one document')
    expect(failure(() => read(`<a>${'x'.repeat(200)}`, step, { maxSize: 100 })).what).toMatch(/^too long/)
    expect(failure(() => read(`<!--${'x'.repeat(200)}`, step, { maxSize: 100 })).what).toMatch(/^too long/)
  })

  test('time grows with the text only', { timeout: 60_000 }, () => {
    const hostile = [
      '<a>'.repeat(200_000),
      '<'.repeat(500_000),
      `<a ${"b='".repeat(200_000)}`,
      `<a>${'&amp;'.repeat(200_000)}</a>`,
      `<a>${'&'.repeat(300_000)}`,
      `<a>${']'.repeat(300_000)}</a>`,
      `<!--${'-'.repeat(300_000)}`,
      `<a>${'<!-- é -->'.repeat(50_000)}</a>`,
      '<a>&#65;</a>\n'.repeat(20_000),
      'é<a/>'.repeat(50_000),
      '\n'.repeat(1_000_000),
    ]
    for (const text of hostile) {
      try {
        parseAll(text)
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError)
      }
    }
  })
})

test('a C string ends at the first NUL', () => {
  expect(untilNul('<a/>\0<b')).toBe('<a/>')
  expect(untilNul('<a/>')).toBe('<a/>')
})
