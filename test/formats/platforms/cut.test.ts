import { describe, expect, test } from 'vitest'
import { ParseError } from '../../../src/core/parse-error.ts'
import { DIALECTS, readText } from '../../../src/formats/dialects.ts'
import type { Found } from '../../../src/formats/found.ts'
import { sample, sampleNames } from './samples.ts'

/** All but a list of words, and a host of Xen whose line for HVM guests is the last one: that of PV guests has other bits. */
const NAMES = sampleNames().filter(name =>
  /^(?!flags-list.txt|xen-host.txt)(?:cloud|cpuid|firecracker|flags|freebsd|ganeti|incus|ld-so|lscpu|opennebula|qmp|qemu-cpu|terraform|Vagrant|vsphere|xen|xl)/.test(
    name,
  ),
)

/** What a text that is cut says: nothing where it is refused as it must be. */
function readPart(text: string): Found[] {
  try {
    return readText(text, 'sample')
  } catch (error) {
    expect(error).toBeInstanceOf(ParseError)
    expect(error).toMatchObject({ source: 'sample' })
    return []
  }
}

/** What a text says is there: words of lists, bits of words, models of guests. */
const claims = (found: readonly Found[]): string[] =>
  found.flatMap(one => {
    if (one.kind === 'statement') return [...one.present, ...(one.absent ?? []).map(word => `no ${word}`)]
    if (one.kind === 'guest')
      return [`${one.cpu.mode} ${one.cpu.model}`, ...one.cpu.features.map(({ name }) => name)]
    if (one.kind !== 'dump') return []
    return one.dumps.flatMap(({ data }) =>
      data
        .rows()
        .filter(([leaf]) => leaf !== 0)
        .flatMap(([leaf, subleaf, ...words]) =>
          words.flatMap((word, i) =>
            Array.from({ length: 32 }, (_, bit) => bit)
              .filter(bit => (word >>> bit) & 1)
              .map(bit => `${leaf}.${subleaf}.${i}.${bit}`),
          ),
        ),
    )
  })

describe.each(NAMES)('%s', name => {
  const text = sample(name)
  const whole = new Set(claims(readText(text)))

  test('cut at any line it is refused, or says nothing that the whole does not', () => {
    for (const { index } of text.matchAll(/\n/g)) {
      const more = claims(readPart(text.slice(0, index + 1))).filter(claim => !whole.has(claim))
      expect(more).toEqual([])
    }
  })
})

test.each([
  ['blank lines', '\n'.repeat(200_000)],
  ['blanks', ' '.repeat(200_000)],
  ['words', 'fpu sse2 '.repeat(50_000)],
  ['lines', 'a: b = c\n'.repeat(50_000)],
  ['JSON', `[${'{"key": "x", "value": []},'.repeat(20_000)}1]`],
])('%s: every dialect sees soon whether a long text is in it', (_, text) => {
  for (const { name, sniff } of DIALECTS) {
    const start = performance.now()
    sniff(text)
    expect([name, performance.now() - start < 1000]).toEqual([name, true])
  }
})
