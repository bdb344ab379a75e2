import { Cpuid, type CpuidRow, type MsrRow } from '../../core/cpuid.ts'
import type { Place } from '../../core/feature.ts'
import { assembleProgram } from '../cpu/program.ts'

/**
 * The guest that `verify` starts instead of a firmware: 64 KiB of ROM, in which the processor begins. It executes CPUID
 * for each leaf of a table, reads each MSR of it, writes a line of seven numbers for each to the port of QEMU's debug
 * console, and begins again, for ever:
 *
 *     PASS INDEX KIND-AND-SUBLEAF EAX EBX ECX EDX
 *
 * An entry of the table has 8 bytes: leaf or MSR, subleaf, kind (1 CPUID, 2 MSR, 0 the end). EBX of an MSR that cannot
 * be read is 1. SI is the next entry, EBP how often the table was passed. 16-bit code at F000:0000.
 */
export const FIRMWARE_CODE = assembleProgram(`
start:    fa                | cli
          31 c0             | xor    ax,ax
          8e d0             | mov    ss,ax
          bc 00 7c          | mov    sp,0x7c00
          8e d8             | mov    ds,ax
          c7 06 18 00 @skip | mov    WORD PTR ds:0x18,@skip      | an instruction that there is not
          8c 0e 1a 00       | mov    WORD PTR ds:0x1a,cs
          c7 06 34 00 @skip | mov    WORD PTR ds:0x34,@skip      | an MSR that there is not
          8c 0e 36 00       | mov    WORD PTR ds:0x36,cs
          0e                | push   cs
          1f                | pop    ds
          66 31 ed          | xor    ebp,ebp
pass:     be @table         | mov    si,@table
entry:    66 8b 04          | mov    eax,DWORD PTR [si]
          8b 4c 04          | mov    cx,WORD PTR [si+0x4]
          8b 54 06          | mov    dx,WORD PTR [si+0x6]
          83 c6 08          | add    si,0x8
          66 31 db          | xor    ebx,ebx
          4a                | dec    dx
          78 >end           | js     >end                        | the table's end
          75 >msr           | jne    >msr
          66 0f b7 c9       | movzx  ecx,cx
          0f a2             | cpuid
          eb >print         | jmp    >print
msr:      66 89 c1          | mov    ecx,eax
          0f 32             | rdmsr
print:    66 52             | push   edx
          66 51             | push   ecx
          66 53             | push   ebx
          66 50             | push   eax
          66 89 e8          | mov    eax,ebp
          e8 >>number       | call   >number
          66 8b 44 f8       | mov    eax,DWORD PTR [si-0x8]
          e8 >>number       | call   >number
          66 8b 44 fc       | mov    eax,DWORD PTR [si-0x4]
          e8 >>number       | call   >number
          66 58             | pop    eax
          e8 >>number       | call   >number
          66 58             | pop    eax
          e8 >>number       | call   >number
          66 58             | pop    eax
          e8 >>number       | call   >number
          66 58             | pop    eax
          e8 >>number       | call   >number
          b0 0a             | mov    al,0xa                      | a line's end
          e6 e9             | out    0xe9,al
          eb >entry         | jmp    >entry
end:      66 45             | inc    ebp
          b9 00 04          | mov    cx,0x400                    | a rest, in which the hypervisor may work
rest:     e4 80             | in     al,0x80
          e2 >rest          | loop   >rest
          eb >pass          | jmp    >pass
number:   66 89 c2          | mov    edx,eax                     | EAX in hex, and a blank
          b9 08 00          | mov    cx,0x8
digit:    66 c1 c2 04       | rol    edx,0x4
          88 d0             | mov    al,dl
          24 0f             | and    al,0xf
          3c 0a             | cmp    al,0xa
          1c 69             | sbb    al,0x69
          2f                | das
          e6 e9             | out    0xe9,al
          e2 >digit         | loop   >digit
          b0 20             | mov    al,0x20
          e6 e9             | out    0xe9,al
          c3                | ret
skip:     55                | push   bp                          | go on after an instruction of two bytes
          89 e5             | mov    bp,sp
          83 46 02 02       | add    WORD PTR [bp+0x2],0x2
          5d                | pop    bp
          66 43             | inc    ebx
          cf                | iret
table:    f4                | hlt                                | here the table is put
`)

/** How large the ROM is, and where in it the processor begins. */
const ROM_SIZE = 0x1_0000
const RESET = 0xfff0
/** `jmp 0xf000:0x0` */
const JUMP = [0xea, 0x00, 0x00, 0x00, 0xf0]
const [CPUID, MSR] = [1, 2]
const ENTRY_SIZE = 8

/** The ROM that reads these places, each leaf and subleaf once. */
export function makeFirmware(places: Iterable<Place>): Uint8Array {
  const keys = new Map<string, readonly [index: number, subleaf: number, kind: number]>()
  for (const place of places) {
    if (place.kind === 'cpuid') keys.set(`${place.leaf}.${place.subleaf}`, [place.leaf, place.subleaf, CPUID])
    else if (place.kind === 'msr') keys.set(`msr.${place.index}`, [place.index, 0, MSR])
  }
  const rom = Buffer.alloc(ROM_SIZE)
  rom.set(FIRMWARE_CODE.bytes)
  let at = FIRMWARE_CODE.labels.get('table') ?? 0
  for (const [index, subleaf, kind] of keys.values()) {
    rom.writeUInt32LE(index, at)
    rom.writeUInt16LE(subleaf, at + 4)
    rom.writeUInt16LE(kind, at + 6)
    at += ENTRY_SIZE
  }
  rom.fill(0, at, at + ENTRY_SIZE)
  rom.set(JUMP, RESET)
  return rom
}

/** What a guest saw in one pass of its table. */
export interface GuestPass {
  readonly number: number
  readonly seen: Cpuid
}

const LINE =
  /^(?:([0-9A-F]{8}) )([0-9A-F]{8}) ([0-9A-F]{4})([0-9A-F]{4}) ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{8}) $/

/**
 * The complete passes in what the guest has written, in order; what was written may begin and end anywhere.
 * @param entries how many entries the table has
 */
export function parsePasses(text: string, entries: number): GuestPass[] {
  const passes = new Map<number, { rows: CpuidRow[]; msrs: MsrRow[]; lines: number }>()
  for (const line of text.split('\n')) {
    const words = LINE.exec(line)
      ?.slice(1)
      .map(word => Number.parseInt(word, 16))
    if (!words) continue
    const [number = 0, index = 0, kind = 0, subleaf = 0, eax = 0, ebx = 0, ecx = 0, edx = 0] = words
    const pass = passes.get(number) ?? { rows: [], msrs: [], lines: 0 }
    passes.set(number, pass)
    pass.lines++
    if (kind === CPUID) pass.rows.push([index, subleaf, eax, ebx, ecx, edx])
    else if (ebx === 0) pass.msrs.push([index, eax, edx])
  }
  return [...passes]
    .filter(([, { lines }]) => lines === entries)
    .map(([number, { rows, msrs }]) => ({ number, seen: Cpuid.of(rows, msrs) }))
}
