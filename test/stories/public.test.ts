import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandsOf, pains, STORIES, transcript } from './run.ts'

/** What users complained of in public, each with the command that answers it (docs/stories.md). */

const page = readFileSync(join(STORIES, '..', '..', 'docs', 'stories.md'), 'utf8')

/** The rows of the page: number and command. */
const rows = [...page.matchAll(/^\| (\d+) \|(.*)\| ([^|]*) \|$/gm)].map(([, number = '', , answer = '']) => ({
  number: number.padStart(2, '0'),
  answer,
}))

test('every pain is on the page once, and answered by a command', () => {
  expect(rows.map(({ number }) => Number(number))).toEqual(Array.from({ length: 56 }, (_, i) => i + 1))
  expect(pains()).toEqual(rows.map(({ number }) => number))
})

test('the page names the commands that are run', () => {
  for (const { number, answer } of rows) {
    for (const command of commandsOf(number)) expect(answer, number).toContain(`\`${command.split(' ')[1]}`)
  }
})

describe('each answer is as it was accepted (npm run accept)', () => {
  test.each(pains())('%s', async pain => {
    await expect(transcript(pain)).toMatchFileSnapshot(join(STORIES, pain, 'expected.txt'))
  })
})
