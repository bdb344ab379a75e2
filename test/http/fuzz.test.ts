import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answerRequest } from '../../src/http/answer.ts'
import { createApp } from '../../src/http/app.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { QUESTIONS } from '../../src/questions/table.ts'
import { hostXml } from '../cli/virt-cpu.ts'
import { runs } from '../effort.ts'

const sources = { own: CpuMap.builtIn(), named: new Map() }
const app = createApp({
  version: '0',
  answer: async (verb, body) => answerRequest(sources, verb, body),
  page: '',
})

/** Texts that verbs look into: whole ones, cut ones, none at all. */
const text = fc.oneof(
  fc.string(),
  fc.constantFrom(
    hostXml('Penryn'),
    hostXml('Nosuch'),
    '<cpu mode="custom"/>',
    '<!DOCTYPE a>',
    '{}',
    '[[0,0,0,0,0,0]]',
  ),
  fc.nat(60).map(end => hostXml('Penryn', ['vmx']).slice(0, end)),
)
const value = fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.boolean(), fc.jsonValue({ maxDepth: 3 }))
const names = [
  ...['id', 'verb', 'cpus', 'cpu', 'host', 'guest', 'text', 'cpuid', 'msr', 'models', 'blockers', 'arch'],
  ...['cpuMap', 'libvirt', 'explain', 'best', 'onModel', 'enabled', 'disabled', '__proto__', 'constructor'],
]
const body = fc.oneof(
  fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 5 }).map(request => JSON.stringify(request)),
  fc.json(),
  fc.string({ unit: 'binary' }),
)
const path = fc.oneof(
  fc.constantFrom(...Object.keys(QUESTIONS)).map(verb => `/v1/${verb}`),
  fc.webPath().map(tail => `/v1${tail}`),
  fc.webPath(),
)
const method = fc.constantFrom('GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS')
const headers = fc.dictionary(
  fc.constantFrom('content-type', 'origin', 'host', 'x-forwarded-host', 'content-length'),
  fc.string({ unit: 'grapheme-ascii' }).filter(one => one.trim() !== ''),
)

test('whatever is sent, the answer is JSON, never a fault of ours, and shows no stack', async () => {
  await fc.assert(
    fc.asyncProperty(path, method, body, headers, async (path, method, body, headers) => {
      const withBody = method === 'GET' ? {} : { body }
      const response = await app.request(path.startsWith('/') ? path : `/${path}`, {
        method,
        headers: { host: 'localhost', ...headers },
        ...withBody,
      })
      const text = await response.text()
      expect([200, 400, 403, 404, 405, 413, 422]).toContain(response.status)
      expect(text).not.toMatch(/\n\s+at |\.ts:\d|\.cjs:\d/)
      const isPage = response.headers.get('content-type')?.startsWith('text/html')
      if (!isPage) expect(JSON.parse(text)).toBeTypeOf('object')
    }),
    { numRuns: runs(15_000, 10) },
  )
})
