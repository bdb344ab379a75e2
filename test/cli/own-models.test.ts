import { expect, test } from 'vitest'
import { virtCpu } from './virt-cpu.ts'

test.each([
  [['tree', '--arch', 's390x'], /^z900 /],
  [['tree', 'rva23s64', '--arch', 'riscv64'], /^rva23s64: 2024/],
  [['name', 'msa5', '--arch', 's390x'], /^msa5 {2}STFLE\[57\]/],
  [['name', 'lsx', '--arch', 'loongarch64'], /^lsx {2}CPUCFG.2\[6\]/],
  [['tree', 'EPYC', '--arch', 'x86_64'], /^EPYC: /],
])('%j', (args, expected) => {
  const { status, stdout, stderr } = virtCpu(args)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(expected)
})

test.each([
  ['aarch64', 'the models of aarch64 are a list, not a tree: virt-cpu cpu-models aarch64'],
  ['vax', "unknown architecture 'vax'"],
])('there is no tree of %s', (arch, why) => {
  const { status, stderr } = virtCpu(['tree', '--arch', arch])
  expect(status).toBe(2)
  expect(stderr).toContain(why)
})
