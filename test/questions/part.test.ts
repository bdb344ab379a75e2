import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EXAMPLES } from '../../src/http/examples.ts'
import { BadRequest } from '../../src/questions/context.ts'
import { ask } from '../../src/questions/library.ts'
import type { QuestionName } from '../../src/questions/table.ts'
import { hostXml } from '../cli/virt-cpu.ts'
import { runs } from '../effort.ts'

type Json = Readonly<Record<string, unknown>>
interface Section {
  readonly arch: string
  readonly answer: Json
}

const arm = { path: 'arm/a.xml', text: '<cpu><arch>aarch64</arch><model>cortex-a72</model></cpu>' }
const intel = ['Penryn', 'Nehalem', 'Haswell', 'Nehalem'].map((model, i) => ({
  path: `p${i % 2}/${i}.xml`,
  text: hostXml(model, i === 3 ? ['vmx'] : []),
}))
const requests: readonly Json[] = [
  ...Object.entries(EXAMPLES).map(([verb, input]) => ({ verb, ...input })),
  { verb: 'migrate', documents: intel },
  { verb: 'migrate', documents: [...intel, arm] },
  { verb: 'explain', documents: [...intel, arm], explain: true },
  { verb: 'baseline', cpus: intel.map(({ text }) => text), explain: true },
]

/** All pages of an answer, first to last. */
async function pagesOf(request: Json, limit: number): Promise<Json[]> {
  const pages: Json[] = []
  for (let cursor: number | null = 0; cursor !== null; ) {
    const answer = await ask({ ...request, limit, ...(cursor > 0 && { cursor }) })
    pages.push(answer)
    cursor = (answer.page as { readonly nextCursor: number | null }).nextCursor
  }
  return pages
}

/** Joins two pages: their lists, and those in answers about each architecture. */
const join = (left: Json, right: Json): Json =>
  Object.fromEntries(
    Object.entries(left).map(([key, value]) => {
      const other = right[key]
      if (!Array.isArray(value) || !Array.isArray(other) || key === 'notes') return [key, other]
      if (key !== 'fleets') return [key, [...value, ...other]]
      return [key, value.map((one: Section, i) => ({ ...one, answer: join(one.answer, other[i].answer) }))]
    }),
  )

test('the pages of an answer, joined, are the whole answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...requests),
      fc.integer({ min: 1, max: 12 }),
      async (request, limit) => {
        const pages = await pagesOf(request, limit)
        const { page: _, ...joined } = pages.reduce(join)
        expect(JSON.stringify(joined)).toBe(JSON.stringify(await ask(request)))
        for (const one of pages) expect(longestOf(one)).toBeLessThanOrEqual(limit)
      },
    ),
    { numRuns: runs(400, 10), examples: requests.map(request => [request, 2]) },
  )
})

const longestOf = ({ fleets, notes: _notes, explain: _explain, ...own }: Json): number =>
  Math.max(
    0,
    ...Object.values(own).map(value => (Array.isArray(value) ? value.length : 0)),
    ...((fleets ?? []) as Section[]).map(({ answer }) => longestOf(answer)),
  )

test('a page says how many items there are in all', async () => {
  const [first, second] = await pagesOf({ verb: 'hosts', documents: intel }, 3)
  expect(first?.page).toEqual({ nextCursor: 3, totals: expect.objectContaining({ hosts: 4 }) })
  expect(second?.page).toEqual({ nextCursor: null, totals: expect.objectContaining({ hosts: 4 }) })
  const both = await ask({ verb: 'hosts', documents: [...intel, arm], limit: 1 })
  expect(both.page).toMatchObject({ totals: { hosts: 5 } })
})

test('fields are the keys of the answer that are returned, of each architecture too', async () => {
  const one = await ask({ verb: 'migrate', documents: intel, fields: ['groups'] })
  expect(Object.keys(one)).toEqual(['schema', 'groups', 'notes'])
  const { fleets } = await ask({ verb: 'migrate', documents: [...intel, arm], fields: ['groups'] })
  expect((fleets as Section[]).map(({ answer }) => Object.keys(answer))).toEqual([['groups'], ['groups']])
  const whole = await ask({ verb: 'migrate', documents: intel })
  expect(await ask({ verb: 'migrate', documents: intel, fields: Object.keys(whole) })).toEqual(whole)
})

test.each<readonly [Json, RegExp]>([
  [{ fields: ['nosuch'] }, /^hosts: the answer has no key 'nosuch'; known: schema, hosts, .*, notes$/],
  [{ fields: 'hosts' }, /^hosts: fields must be a list of names$/],
  [{ limit: 0 }, /^hosts: limit must be a whole number from 1$/],
  [{ limit: 1, cursor: -1 }, /^hosts: cursor must be a whole number from 0$/],
  [{ cursor: '1' }, /^hosts: cursor must be a whole number from 0$/],
])('%j is refused', async (part, message) => {
  const asked = ask({ verb: 'hosts', documents: intel, ...part })
  await expect(asked).rejects.toThrow(BadRequest)
  await expect(asked).rejects.toThrow(message)
})

test('a page beyond the last is empty', async () => {
  const answer = await ask({ verb: 'hosts', documents: intel, cursor: 100 })
  expect(answer).toMatchObject({ hosts: [], page: { nextCursor: null } })
})

test('the requests are about every question', () => {
  const asked = new Set(requests.map(({ verb }) => verb as QuestionName))
  expect(asked.size).toBe(Object.keys(EXAMPLES).length)
})
