import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contextOf } from '../../src/questions/context.ts'
import { findHosts, streamCpus } from '../../src/questions/input/read.ts'

const examples = join(import.meta.dirname, '..', '..', 'examples')
const documents = ['workstation.xml', 'server.xml'].map(name =>
  readFileSync(join(examples, 'redhat-guide', name), 'utf8'),
)
const guest = "<cpu mode='custom'><model>Penryn</model><feature policy='require' name='é'/></cpu>\n"
const text = [...documents, guest, ...documents].join('')
const dump = [
  'CPU:',
  '   0x00000000 0x00: eax=0x00000001 ebx=0x68747541 ecx=0x444d4163 edx=0x69746e65',
  '   0x00000001 0x00: eax=0x00000f51 ebx=0x00000800 ecx=0x00000000 edx=0x078bfbff',
  '   0x80000000 0x00: eax=0x80000001 ebx=0x00000000 ecx=0x00000000 edx=0x00000000',
  '   0x80000001 0x00: eax=0x00000f51 ebx=0x00000000 ecx=0x00000000 edx=0xe1d3fbff',
].join('\n')

const all = async <T>(values: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = []
  for await (const value of values) list.push(value)
  return list
}

/** The bytes, cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...[...places].sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end))
}

describe('a stream', () => {
  test.each(['auto', 'guest'] as const)('wherever it is cut, is read as a whole: %s', async expected => {
    const bytes = new TextEncoder().encode(expected === 'guest' ? guest : text)
    const whole = findHosts(contextOf(), new TextDecoder().decode(bytes), expected)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 20 }), async places => {
        expect(await all(streamCpus(cut(bytes, places), { expected }))).toEqual(whole)
      }),
    )
  })

  test('gives each CPU as soon as it is complete', async () => {
    const endless = function* () {
      for (;;) yield* documents
    }
    const hosts = streamCpus(endless())
    expect((await hosts.next()).value?.cpu.model).toBe('pentium3')
    expect((await hosts.next()).value?.cpu.model).toBe('phenom')
    await hosts.return(undefined)
  })

  test('may be a dump, also in UTF-16', async () => {
    const bytes = Uint8Array.from([
      0xff,
      0xfe,
      ...new Uint8Array(Uint16Array.from(dump, c => c.charCodeAt(0)).buffer),
    ])
    const [host] = await all(streamCpus(cut(bytes, [1, 7, 60])))
    expect(host?.cpu).toMatchObject({ type: 'host', arch: 'x86_64', vendor: 'AMD' })
  })

  test('without a CPU is empty', async () => {
    expect(await all(streamCpus([]))).toEqual([])
    expect(await all(streamCpus(['  ', '\n']))).toEqual([])
  })

  test('that breaks off gives what came before', async () => {
    const models: (string | undefined)[] = []
    const read = async () => {
      for await (const { cpu } of streamCpus([documents[0] ?? '', '<cpu'], { source: 'pipe' }))
        models.push(cpu.model)
    }
    await expect(read()).rejects.toMatchObject({ name: 'ParseError', source: 'pipe' })
    expect(models).toEqual(['pentium3'])
  })

  test('that is not UTF-8 is refused', async () => {
    await expect(all(streamCpus([Uint8Array.from([0x3c, 0xff])]))).rejects.toThrow('not UTF-8')
  })

  test('ends when it is told to', async () => {
    const abort = new AbortController()
    const endless = function* () {
      for (;;) yield documents[0] ?? ''
    }
    let count = 0
    const read = async () => {
      for await (const _ of streamCpus(endless(), { signal: abort.signal })) {
        if (++count === 5) abort.abort(new Error('enough'))
      }
    }
    await expect(read()).rejects.toThrow('enough')
    expect(count).toBe(5)
  })
})
