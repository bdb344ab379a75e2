import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeFolder, writeWhole } from '../../../src/host/files/write.ts'
import { folderOf, virtCpu } from '../../cli/virt-cpu.ts'

test('a folder is made with those above it, each with its mode', () => {
  const base = folderOf({})
  makeFolder(join(base, 'a', 'b', 'c'), 0o700)
  for (const path of ['a', 'a/b', 'a/b/c']) expect(statSync(join(base, path)).mode & 0o777).toBe(0o700)
  writeWhole(join(base, 'a', 'b', 'c', 'file'), 'text')
  expect(readFileSync(join(base, 'a/b/c/file'), 'utf8')).toBe('text')
})

test('one that is there stays as it is', () => {
  const base = folderOf({ file: 'text' })
  makeFolder(base)
  makeFolder(`${base}/`)
  expect(readFileSync(join(base, 'file'), 'utf8')).toBe('text')
})

test('a file in the way is an error, as Node has it', () => {
  const base = folderOf({ file: '' })
  for (const path of ['file', 'file/a', 'file/a/b']) {
    const told = (make: () => void) => {
      try {
        make()
        return 'made'
      } catch (error) {
        return error instanceof Error && 'code' in error ? error.code : error
      }
    }
    const node = told(() => mkdirSync(join(base, path), { recursive: true }))
    expect(told(() => makeFolder(join(base, path)))).toBe(node)
    expect(node).not.toBe('made')
  }
})

test.runIf(existsSync('/proc/self'))('no place for a folder is an error, and no loop without end', () => {
  const base = folderOf({})
  writeFileSync(join(base, 'host.txt'), '[virt-cpu-collect] 1\n[end] 0\n')
  const { status, stderr } = virtCpu(['collect', '--report', join(base, 'host.txt'), '--output', '/proc/a/b'])
  expect(stderr).toContain("Failed to open file '/proc/a/b': No such file or directory")
  expect(status).toBe(2)
})
