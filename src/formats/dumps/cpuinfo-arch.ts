/** How the `/proc/cpuinfo` of each architecture gives itself away. */
const SIGNS: readonly (readonly [arch: string, sign: RegExp])[] = [
  ['x86_64', /^flags\s*:.*\blm\b/m],
  ['i686', /^vendor_id\s*:\s*(?!IBM\/S390)/m],
  ['s390x', /^vendor_id\s*:\s*IBM\/S390/m],
  ['aarch64', /^CPU architecture\s*:\s*(?:8|AArch64)/m],
  ['armv7l', /^CPU architecture\s*:/m],
  ['ppc64le', /^cpu\s*:\s*POWER/m],
  ['riscv64', /^isa\s*:\s*rv64/m],
  ['loongarch64', /^model name\s*:\s*Loongson/im],
]

/** libvirt's name of the architecture whose `/proc/cpuinfo` it is; undefined where that cannot be told. */
export const archOfCpuInfo = (text: string): string | undefined =>
  SIGNS.find(([, sign]) => sign.test(text))?.[0]
