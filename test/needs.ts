import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'

const isCi = process.env.CI === 'true'

/**
 * Returns why tests cannot run here, for their title; undefined where they can. In CI everything must be there, so a
 * reason fails.
 * @param what names what the tests need
 */
export function needed(what: string, reason: string | undefined): string | undefined {
  test.runIf(isCi)(`CI has ${what}`, () => expect(reason).toBeUndefined())
  return reason
}

/** Returns which of these programs are not installed, as a reason; a name without a slash is looked up on the PATH. */
export function notInstalled(...programs: readonly string[]): string | undefined {
  const absent = programs.filter(name => !isInstalled(name))
  return absent.length > 0 ? `${absent.join(', ')} not installed` : undefined
}

const isInstalled = (name: string): boolean =>
  name.includes('/')
    ? existsSync(name)
    : (process.env.PATH ?? '').split(delimiter).some(folder => existsSync(join(folder, name)))
