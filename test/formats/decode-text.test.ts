import { expect, test } from 'vitest'
import { decodeBytes } from '../../src/formats/decode-bytes.ts'
import { dialectOf } from '../../src/formats/dialects.ts'

const bytes = (text: string, encoding: BufferEncoding) => new Uint8Array(Buffer.from(text, encoding))
const swapped = (text: string) => new Uint8Array(Buffer.from(text, 'utf16le').swap16())

test.each([
  ['UTF-8', bytes('CPU é', 'utf8')],
  ['UTF-8 with a mark', bytes('\ufeffCPU é', 'utf8')],
  ['Latin-1', bytes('CPU é', 'latin1')],
  ['UTF-16LE', bytes('CPU é', 'utf16le')],
  ['UTF-16LE with a mark', bytes('\ufeffCPU é', 'utf16le')],
  ['UTF-16BE', swapped('CPU é')],
  ['UTF-16BE with a mark', swapped('\ufeffCPU é')],
])('%s', (_, encoded) => expect(decodeBytes(encoded)).toBe('CPU é'))

test('short and empty files', () => {
  for (const text of ['', 'a', 'ab', 'abc']) expect(decodeBytes(bytes(text, 'utf8'))).toBe(text)
})

test.each([
  ['libvirt-xml', '\ufeff \n<cpu/>'],
  [undefined, 'text, then <cpu/>'],
  ['cpuid-json', '{"cpus": []}'],
  ['cpuid-json', ' [{"name": "x"}]'],
  ['aida64', '------[ Logical CPU #0 ]------\r\nCPUID 00000000: 00000001-68747541-444D4163-69746E65\r\n'],
  ['aida64', 'CPUID 00000000  \t0000000d-756e6547-6c65746e-49656e69'],
  ['libcpuid', 'version=0.5\nbasic_cpuid[0]=00000001 68747541 444d4163 69746e65'],
  ['cpuid-r', 'CPU:\n   0x00000000 0x00: eax=0x0000000d ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69'],
  ['ld.so', 'dl_pagesize=0x1000\nx86.cpu_features.basic.kind=0x2'],
  ['proc-cpuinfo', 'processor\t: 0\nvendor_id\t: GenuineIntel'],
  [undefined, 'nothing of the kind'],
  [undefined, ''],
])('%s: %j', (format, text) => expect(dialectOf(text)?.name).toBe(format))
