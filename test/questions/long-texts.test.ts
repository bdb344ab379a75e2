import { describe, expect, test } from 'vitest'
import { decode, doctor, guestCheck, hosts } from '../../src/index.ts'
import { workOf } from '../work.ts'

/** Texts of many lines, of which little or nothing is known. */
const TEXTS: Readonly<Record<string, (i: number) => string>> = {
  'lines of words': () => 'lorem ipsum dolor sit amet',
  'lines that look like errors': i => `job ${i} failed`,
  'names and values': i => `name${i}: value${i}`,
  'one known error of many things': i =>
    `guest CPU doesn't match specification: missing features: erms,thing${i}`,
  'known errors between others': i =>
    `guest CPU doesn't match specification: missing features: erms\nunable to do ${i}`,
  'frames around unknown errors': i =>
    `error: Failed to start domain 'guest${i}'\nerror: this is not known at all`,
}

const QUESTIONS: Readonly<Record<string, (text: string) => unknown>> = {
  doctor: text => doctor({ documents: [{ path: 'log.txt', text }] }),
  hosts: text => hosts({ documents: [{ path: 'log.txt', text }] }),
  decode: text => decode({ text }),
  'guest check': text => guestCheck({ domain: text, replies: '' }),
}

describe.each(Object.keys(QUESTIONS))('%s', name => {
  const ask = (text: string) => {
    try {
      QUESTIONS[name]?.(text)
    } catch {
      // It takes as much work to find that a text holds no host.
    }
  }

  test.each(Object.entries(TEXTS))('twice the lines are twice the work: %s', (_, lineOf) => {
    const textOf = (lines: number) => Array.from({ length: lines }, (__, i) => lineOf(10_000 + i)).join('\n')
    const [some, twice] = [textOf(1000), textOf(2000)]
    ask(some)
    const work = workOf(() => ask(some))
    expect(work).toBeGreaterThan(1000)
    expect(workOf(() => ask(twice))).toBeLessThan(2.2 * work)
  })
})
