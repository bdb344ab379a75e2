/** What a text can be, told by its content; its reader says whether it really is. */
export type Format =
  | 'xml'
  | 'json'
  | 'aida64'
  | 'libcpuid'
  | 'cpuid-r'
  | 'ld.so'
  | 'proc-cpuinfo'
  | 'lscpu'
  | 'registers'

/** A line that only this format has. XML and JSON are told by how a text begins. */
const MARKS: readonly (readonly [Format, RegExp])[] = [
  ['libcpuid', /^[ \t]*(?:basic_cpuid|ext_cpuid)\[\d+\]\s*=/m],
  ['aida64', /^[ \t]*CPUID[ \t]+[0-9a-f]{8}h?[ \t]*:?[ \t]+[0-9a-f]{8}-[0-9a-f]{8}/im],
  ['cpuid-r', /^[ \t]*0x[0-9a-f]{8}[ \t]+0x[0-9a-f]{1,8}[ \t]*:[ \t]*eax=0x/im],
  ['ld.so', /^x86\.(?:cpu_features|processor)\b/m],
  ['registers', /^\s*0x[0-9a-f]{16}\s*$|^[ \t]*(?:MIDR_EL1|PVR)[ \t]*[:= ][ \t]*0x/m],
  ['proc-cpuinfo', /^(?:processor[ \t]*:[ \t]*\d+\s*$|vendor_id[ \t]*:|flags[ \t]*:[ \t]*fpu )/m],
  ['lscpu', /^[ \t]*CPU op-mode\(s\):/m],
]

/** The format of a text; undefined where it is none that is known. libcpuid's newer files count as AIDA64's. */
export function detectFormat(text: string): Format | undefined {
  const start = /^\ufeff?\s*(\S)/.exec(text)?.[1]
  if (start === '<') return 'xml'
  if (start === '{' && /^\ufeff?\s*\{\s*"lscpu"\s*:/.test(text)) return 'lscpu'
  if (start === '{' || (start === '[' && /^\ufeff?\s*\[\s*[[{"\d\]-]/.test(text))) return 'json'
  for (const [format, mark] of MARKS) if (mark.test(text)) return format
  // virsh takes text before an element.
  return /<[A-Za-z_]/.test(text) ? 'xml' : undefined
}
