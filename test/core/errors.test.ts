import { describe, expect, test } from 'vitest'
import { LibvirtError, type LibvirtErrorKind } from '../../src/core/libvirt-error.ts'
import { ParseError } from '../../src/core/parse-error.ts'

describe('ParseError', () => {
  test.each([
    [new ParseError('Odd'), 'Odd'],
    [new ParseError('Odd', 'cpu.xml'), 'cpu.xml: Odd'],
    [new ParseError('Odd', 'cpu.xml', 3), 'cpu.xml:3: Odd'],
    [new ParseError('Odd', 'cpu.xml', 3, 5), 'cpu.xml:3:5: Odd'],
    [new ParseError('Odd', '', 3, 5), '3:5: Odd'],
    [new ParseError('Odd', '', 0, 5), 'Odd'],
    [new ParseError('Odd', 'cpu.xml', 3, 0, 'text'), 'cpu.xml:3: Odd'],
    [new ParseError('Odd', 'cpu.xml', 3, 2, 'text'), 'cpu.xml:3:2: Odd\n  text\n   ^'],
  ])('%s', (error, message) => {
    expect(error.message).toBe(message)
    expect(error.name).toBe('ParseError')
  })

  test.each([
    // The place of each character is marked with |, which is not part of the input.
    ['|avx9', '1:1: Odd\n  avx9\n  ^'],
    ['fma\n  |avx9', '2:3: Odd\n    avx9\n    ^'],
    ['fma|\navx9', '1:4: Odd\n  fma\n     ^'],
    ['fma\n|\navx9', '2:1: Odd'],
    ['fma\navx9|', '2:5: Odd\n  avx9\n      ^'],
    ['fma\n|', '2:1: Odd'],
    ['|\nfma', '1:1: Odd'],
    ['|', '1:1: Odd'],
    ['\tav|x9\r\nfma', '1:4: Odd\n   avx9 \n     ^'],
    ['\n\n\na|', '4:2: Odd\n  a\n   ^'],
  ])('at the mark of %j', (marked, message) => {
    expect(ParseError.at('Odd', marked.replace('|', ''), marked.indexOf('|')).message).toBe(message)
  })

  test.each([
    // offset, then the excerpt's first and last offsets and the caret's place in it
    [0, 0, 99, 1],
    [49, 0, 99, 50],
    [50, 1, 100, 50],
    [51, 2, 101, 50],
    [500, 451, 550, 50],
    [950, 900, 999, 51],
    [999, 900, 999, 100],
    [1000, 900, 999, 101],
  ])('a long line is cut around offset %i', (offset, first, last, caret) => {
    const line = Array.from({ length: 1000 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join('')
    const error = ParseError.at('Odd', `short\n${line}\nshort`, 6 + offset, 'in')
    expect(error.excerpt).toBe(line.slice(first, last + 1))
    expect(error.column).toBe(offset + 1)
    expect(error.caret).toBe(caret)
    expect(error.message.split('\n').at(-1)).toBe(`  ${' '.repeat(caret - 1)}^`)
  })

  test('a line of 100 characters is not cut', () => {
    expect(ParseError.at('Odd', 'x'.repeat(100), 99).excerpt).toHaveLength(100)
  })

  test('keeps place and cause when its input gets a name', () => {
    const cause = new Error('why')
    const error = new ParseError('Odd', '', 3, 2, 'text', { cause }).in('cpu.xml')
    expect(error.message).toBe('cpu.xml:3:2: Odd\n  text\n   ^')
    expect([error.what, error.source, error.line, error.column, error.cause]).toEqual([
      'Odd',
      'cpu.xml',
      3,
      2,
      cause,
    ])
  })
})

describe('LibvirtError', () => {
  const prefixes: Record<LibvirtErrorKind, string> = {
    internal: 'internal error: x',
    xml: 'XML error: x',
    unsupported: 'unsupported configuration: x',
    'invalid-arg': 'invalid argument: x',
    'op-failed': 'operation failed: x',
    'op-invalid': 'Requested operation is not valid: x',
    'op-unsupported': 'Operation not supported: x',
    'no-support': 'this function is not supported by the connection driver: x',
    'cpu-incompatible': 'the CPU is incompatible with host CPU: x',
    schema: 'XML document failed to validate against schema: x',
    overflow: 'numerical overflow: x',
    'no-name': 'missing name information: x',
  }

  test.each(Object.entries(prefixes))('%s: %s', (kind, message) => {
    const error = new LibvirtError(kind as LibvirtErrorKind, 'x')
    expect([error.name, error.message, error.kind, error.detail]).toEqual([
      'LibvirtError',
      message,
      kind,
      'x',
    ])
  })

  test('without detail', () => {
    expect(new LibvirtError('cpu-incompatible', '').message).toBe('the CPU is incompatible with host CPU')
  })
})
