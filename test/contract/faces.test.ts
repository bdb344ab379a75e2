import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { answerRequest } from '../../src/http/answer.ts'
import { createApp } from '../../src/http/app.ts'
import * as library from '../../src/index.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { QUESTIONS, type QuestionName } from '../../src/questions/table.ts'
import { closeClients, connectClient } from '../cli/mcp-client.ts'
import { virtCpu } from '../cli/virt-cpu.ts'
import { examples, FILES, SAMPLES } from './samples.ts'

const NAMES = Object.keys(QUESTIONS) as QuestionName[]
const app = createApp({
  version: '0',
  page: `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'">`,
  answer: async (verb, body) => answerRequest({ own: CpuMap.builtIn(), named: new Map() }, verb, body),
})

const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
const functions = library as unknown as Readonly<Record<string, (input: object) => object>>
/** What JSON makes of a value: keys that are undefined are no keys. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const requests = NAMES.map(name => JSON.stringify({ id: name, verb: name, ...SAMPLES[name][0] }))
const batch = new Map(
  virtCpu(['batch'], { input: `${requests.join('\n')}\n` })
    .stdout.split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
    .map(({ id, ...document }) => [id, document]),
)

const tools = await connectClient([])
afterAll(closeClients)

test.each(NAMES)('%s: the same answer from batch, HTTP, tool, library and command line', async name => {
  const [input, command] = SAMPLES[name]
  const document = batch.get(name)
  expect(document).toMatchObject({ schema: 2, notes: expect.any(Array) })
  expect(plain(functions[camel(name)]?.(input))).toEqual(document)
  const response = await app.request(`/v1/${name}`, {
    method: 'POST',
    body: JSON.stringify(input),
    headers: { 'content-type': 'application/json', host: '127.0.0.1:8680' },
  })
  expect(await response.json()).toEqual(document)
  const { structuredContent } = await tools.callTool({ name, arguments: { ...input } })
  expect(structuredContent).toEqual(document)
  if (!command) return
  const { stdout } = virtCpu([...command, '--json'], { cwd: join(examples, 'fleet') })
  const named = JSON.stringify(document).replace(/cpus\[(\d+)\]/g, (_, i) => FILES[Number(i)] ?? '')
  expect(JSON.parse(stdout)).toEqual(JSON.parse(named))
})
