import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readHosts } from '../../../src/node.ts'

const examples = join(import.meta.dirname, '..', '..', '..', 'examples', 'redhat-guide')
const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-'))
afterAll(() => rmSync(folder, { recursive: true }))

const namesOf = async (paths: string[], signal?: AbortSignal): Promise<string[]> => {
  const names: string[] = []
  for await (const { source, cpu } of readHosts(paths, signal ? { signal } : {}))
    names.push(`${source.replace(folder, '.')} ${cpu.model}`)
  return names
}

test('hosts are called by their files, and by number where a file has several', async () => {
  const one = '<cpu><arch>x86_64</arch><model>kvm64</model></cpu>\n'
  cpSync(examples, join(folder, 'guide'), { recursive: true })
  writeFileSync(join(folder, 'guide', 'notes.txt'), 'no CPU here\n')
  writeFileSync(join(folder, 'three.xml'), one.repeat(3))
  expect(await namesOf([folder])).toEqual([
    './guide/server.xml phenom',
    './guide/workstation.xml pentium3',
    './three.xml#1 kvm64',
    './three.xml#2 kvm64',
    './three.xml#3 kvm64',
  ])
  await expect(namesOf([join(folder, 'guide', 'notes.txt')])).rejects.toThrow('does not contain any <cpu>')
})

test('a missing file is named', async () => {
  const path = join(folder, 'gone.xml')
  await expect(namesOf([path])).rejects.toThrow(`Failed to open file '${path}': No such file or directory`)
})

test('reading ends when it is told to', async () => {
  await expect(namesOf([examples], AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
})
