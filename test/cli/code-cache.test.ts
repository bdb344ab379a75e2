import { chmodSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { virtCpu } from './virt-cpu.ts'

const HOSTS = ['examples/fleet/ice-01.xml', 'examples/fleet/cas-01.xml']
const ARGS = ['cpu-baseline', ...HOSTS]

const baseline = (env: Readonly<Record<string, string>>) => virtCpu(ARGS, { env })

/** The answer without anything kept. */
const PLAIN = baseline({ NODE_DISABLE_COMPILE_CACHE: '1' })

const emptyFolder = () => mkdtempSync(join(tmpdir(), 'virt-cpu-code-'))

/** The folders of kept code below a cache folder. */
function foldersIn(caches: string): string[] {
  const code = join(caches, 'virt-cpu', 'code')
  return readdirSync(code).map(name => join(code, name))
}

test('compiled code is kept for the user alone, and answers stay what they are', () => {
  const caches = emptyFolder()
  for (let run = 0; run < 3; run++) expect(baseline({ XDG_CACHE_HOME: caches })).toEqual(PLAIN)
  const [folder = '', ...more] = foldersIn(caches)
  expect(more).toEqual([])
  expect(statSync(folder).mode & 0o077).toBe(0)
  expect(readdirSync(folder).length).toBeGreaterThan(0)
})

test('it is kept below the home folder where no other one is named, and nowhere if asked', () => {
  const home = emptyFolder()
  const env = { XDG_CACHE_HOME: '', HOME: home }
  expect(baseline({ ...env, NODE_DISABLE_COMPILE_CACHE: '1' })).toEqual(PLAIN)
  expect(readdirSync(home)).toEqual([])
  expect(baseline(env)).toEqual(PLAIN)
  expect(foldersIn(join(home, '.cache'))).toHaveLength(1)
})

test('a folder that others can write to is not used', () => {
  const caches = emptyFolder()
  baseline({ XDG_CACHE_HOME: caches })
  const [folder = ''] = foldersIn(caches)
  const kept = readdirSync(folder)
  // What is run from here ends the process.
  for (const name of kept) if (statSync(join(folder, name)).isFile()) writeFileSync(join(folder, name), '')
  chmodSync(folder, 0o777)
  expect(baseline({ XDG_CACHE_HOME: caches })).toEqual(PLAIN)
  expect(kept.map(name => statSync(join(folder, name))).every(of => of.isDirectory() || of.size === 0)).toBe(
    true,
  )
})

test('an empty, cut or foreign file is passed over and replaced', () => {
  const caches = emptyFolder()
  baseline({ XDG_CACHE_HOME: caches })
  const [folder = ''] = foldersIn(caches)
  const files = readdirSync(folder).filter(name => statSync(join(folder, name)).isFile())
  for (const content of ['', 'not compiled code', '\0'.repeat(4096)]) {
    for (const name of files) writeFileSync(join(folder, name), content)
    expect(baseline({ XDG_CACHE_HOME: caches })).toEqual(PLAIN)
    for (const name of files) expect(statSync(join(folder, name)).size).toBeGreaterThan(10_000)
  }
})

test('no place to keep it is no error', () => {
  const caches = emptyFolder()
  mkdirSync(join(caches, 'virt-cpu'))
  writeFileSync(join(caches, 'virt-cpu', 'code'), 'a file where the folder would be')
  expect(baseline({ XDG_CACHE_HOME: caches })).toEqual(PLAIN)
  expect(baseline({ XDG_CACHE_HOME: '/proc/virt-cpu' })).toEqual(PLAIN)
  expect(baseline({ XDG_CACHE_HOME: '', HOME: '' })).toEqual(PLAIN)
})
