import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { findMutants, plant } from '../scripts/mutation/mutants.ts'

/** What `npm run mutation` does to the code, and that it still does it. */

const changes = (text: string): string[] =>
  findMutants('a.ts', text).map(({ kind, original, mutated }) => `${kind}: ${original} → ${mutated}`)

describe('mutants', () => {
  test('of a line', () => {
    expect(changes('const f = (a: number[]) => a.some(x => x < 2)')).toEqual([
      'returned value: a.some(x => x < 2) → undefined',
      'method: a.some(x => x < 2) → a.every(x => x < 2)',
      'returned value: x < 2 → undefined',
      'operator: x < 2 → (x) <= (2)',
      'operator: x < 2 → (x) >= (2)',
    ])
  })

  test('texts for people, types and names are left as they are', () => {
    expect(changes("throw new RangeError('no'); type A = 'a'; const b = { 'c-d': `two words` }")).toEqual([
      "literal: { 'c-d': `two words` } → {}",
    ])
  })

  test('each is on when it is switched on, and the others are not', () => {
    const text = 'export const result = [1, 2, 3].filter(n => n > 1 && n !== 3)'
    const mutants = findMutants('a.ts', text)
    const planted = plant('a.ts', text, new Map(mutants.map((mutant, i) => [i, mutant])))
    const { code } = transformSync(planted, { loader: 'ts', format: 'cjs' })
    const resultWith = (on: number): unknown =>
      new Function('__m', '__kept', `const module = {}; ${code}; return module.exports.result`)(
        (n: number) => n === on,
        (_: string, make: () => unknown) => make(),
      )
    expect(resultWith(-1)).toEqual([2])
    const plain = (changed: string) => new Function(`return ${changed}`)()
    for (const [i, { start, end, mutated }] of mutants.entries()) {
      const changed = text.slice(0, start) + mutated + text.slice(end)
      expect(resultWith(i), changed).toEqual(plain(changed.slice('export const result = '.length)))
    }
  })
})

test('a campaign kills what a test notices, and no more', () => {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/run-ts.mjs', 'scripts/mutation.ts', ...ONLY, '--tests', 'test/core/text.test.ts'],
    { encoding: 'utf8', env: { ...process.env, MUTATION_FOLDER: mkdtempSync(join(tmpdir(), 'mutation-')) } },
  )
  expect(stderr).toBe('')
  const [, killed, all] = /^src\/core: (\d+) of (\d+) killed/m.exec(stdout) ?? []
  expect(Number(killed)).toBeGreaterThan(0.85 * Number(all))
  expect(Number(killed)).toBeLessThan(Number(all))
  // One column more of a row that nobody reads.
  expect(stdout).toContain('- j < b.length\n  + (j) <= (b.length)')
})

const ONLY = ['--only', 'src/core/text.ts', '--sample', '1000']
