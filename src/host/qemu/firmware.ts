import { Cpuid, type CpuidRow, type MsrRow } from '../../core/cpuid.ts'
import { walkLeaves } from '../../core/cpuid-walk.ts'
import type { Place } from '../../core/feature.ts'
import { isObject, member } from '../../formats/json/json.ts'
import type { QmpCommand } from '../../qemu/qmp/reply.ts'
import type { Trial } from '../../questions/verify/answer.ts'
import { type AssembledProgram, assembleProgram } from '../cpu/program.ts'
import { ProbeError } from '../files/file-error.ts'

/** What a guest read in a pass. */
export type Sight = NonNullable<Trial['before']>

/** Asks a QEMU. @throws ProbeError where it answers with an error */
export type AskQemu = (command: QmpCommand) => Promise<unknown>

/** A guest that reads its CPU for ever, and how what it reads is had of QEMU. */
export interface GuestReader {
  /** The file `FIRMWARE`. */
  readonly firmware: Uint8Array
  /** QEMU's arguments for it and its memory. */
  readonly load: readonly string[]
  /** Whether what was read stays where it is when the guest is migrated, until it is read anew. */
  readonly keeps: boolean
  /** Returns the complete passes that can be read, as often as it is called. */
  readonly watch: (ask: AskQemu) => () => Promise<readonly Sight[]>
  /** What QEMU says of the running CPU. @throws ProbeError for one that cannot execute the program */
  readonly askCpu: (ask: AskQemu) => Promise<Pick<Trial, 'given' | 'properties'>>
}

/** The name of the file in QEMU's folder. */
export const FIRMWARE = 'firmware'

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

/** What `ringbuf-read` calls the debug console, and how much of its end QEMU keeps. */
const CONSOLE = { device: 'console', size: 65_536 } as const

/** A guest of x86 that reads these leaves and MSRs. */
export function readerOfWords(places: readonly Place[]): GuestReader {
  const entries = new Set(
    places.map(place =>
      place.kind === 'cpuid' ? `${place.leaf}.${place.subleaf}` : place.kind === 'msr' ? place.index : '',
    ),
  ).size
  return {
    firmware: makeFirmware(places),
    load: [
      ...['-m', '8', '-bios', FIRMWARE, '-chardev', `ringbuf,id=${CONSOLE.device},size=${CONSOLE.size}`],
      ...['-device', `isa-debugcon,iobase=0xe9,chardev=${CONSOLE.device}`],
    ],
    keeps: false,
    watch(ask) {
      let text = ''
      return async () => {
        const more = await ask({ execute: 'ringbuf-read', arguments: CONSOLE })
        text = (text + (typeof more === 'string' ? more : '')).slice(-2 * CONSOLE.size)
        return parsePasses(text, entries).map(describePass)
      }
    },
    askCpu: async ask => ({ given: await readGiven(ask) }),
  }
}

/** The leaves that there are: of any above the highest a CPU answers as of another. */
const describePass = ({ number, seen }: GuestPass): Sight => ({
  pass: number,
  cpuid: [...walkLeaves((leaf, subleaf) => seen.registers(leaf, subleaf)).rows()],
  msr: [...seen.msrs()],
})

/** The words of features that QEMU gives its first CPU. */
async function readGiven(ask: AskQemu): Promise<CpuidRow[]> {
  const words = await ask({
    execute: 'qom-get',
    arguments: { path: await findFirstCpu(ask), property: 'feature-words' },
  })
  return Array.isArray(words) ? words.filter(isObject).map(rowOfWord) : []
}

/** What QEMU's object model calls the first CPU. */
async function findFirstCpu(ask: AskQemu): Promise<string> {
  const cpus = await ask({ execute: 'query-cpus-fast' })
  return String(Array.isArray(cpus) ? member(cpus[0], 'qom-path') : '')
}

const REGISTER_NAMES = ['EAX', 'EBX', 'ECX', 'EDX']

function rowOfWord(word: object): CpuidRow {
  const number = (name: string) => Number(member(word, name) ?? 0)
  const values = REGISTER_NAMES.map(name =>
    member(word, 'cpuid-register') === name ? number('features') : 0,
  )
  const [eax = 0, ebx = 0, ecx = 0, edx = 0] = values
  return [number('cpuid-input-eax'), number('cpuid-input-ecx'), eax, ebx, ecx, edx]
}

/**
 * The guest that `verify` starts on other architectures: it reads registers and writes them to memory, in words of 64
 * bits behind the number of the pass, and begins again, for ever.
 */
export interface RegisterGuest {
  /** The machines on which it runs. */
  readonly machine: RegExp
  /** The property that is on where a CPU can execute it; absent: all can. */
  readonly needs?: string
  /** How QEMU takes it. */
  readonly option: '-bios' | '-kernel'
  /** In MiB. */
  readonly memory: number
  /** What is before the code in its image. */
  readonly before: Uint8Array
  readonly code: AssembledProgram
  /** Where it writes. */
  readonly address: number
  /** How many words it writes behind the number of the pass. */
  readonly size: number
  /** The registers that these are, by the names that readers of hosts have for them. */
  readonly registersOf: (words: readonly bigint[]) => readonly (readonly [name: string, value: bigint])[]
}

const NOTHING = new Uint8Array()
const AT_2_MIB = 0x20_0000

const named =
  (names: string): RegisterGuest['registersOf'] =>
  words =>
    names.split(' ').map((name, i) => [name, words[i] ?? 0n])

/** What is read of ARM's cores: the main ID register, and those of features. */
const ARM_REGISTERS =
  'MIDR_EL1 CTR_EL0 ID_AA64PFR0_EL1 ID_AA64PFR1_EL1 ID_AA64ZFR0_EL1 ID_AA64SMFR0_EL1 ID_AA64DFR0_EL1 ' +
  'ID_AA64DFR1_EL1 ID_AA64ISAR0_EL1 ID_AA64ISAR1_EL1 ID_AA64ISAR2_EL1 ID_AA64MMFR0_EL1 ID_AA64MMFR1_EL1 ' +
  'ID_AA64MMFR2_EL1 ID_AA64MMFR3_EL1'

/** Reads each, and stores it behind the last. */
const arm64 = (): RegisterGuest => ({
  machine: /^virt(?:-|$)/,
  needs: 'aarch64',
  option: '-bios',
  memory: 32,
  before: NOTHING,
  address: 0x4020_0000,
  size: ARM_REGISTERS.split(' ').length,
  registersOf: named(ARM_REGISTERS),
  code: assembleProgram(`
    09 00 80 d2 | mov x9, #0              | the number of the pass
    0a 04 a8 d2 | mov x10, #1075838976    | where it writes
    4b 21 00 91 | add x11, x10, #8        | a pass
    00 00 38 d5 | mrs x0, MIDR_EL1       
    60 85 00 f8 | str x0, [x11], #8
    20 00 3b d5 | mrs x0, CTR_EL0        
    60 85 00 f8 | str x0, [x11], #8
    00 04 38 d5 | mrs x0, ID_AA64PFR0_EL1
    60 85 00 f8 | str x0, [x11], #8
    20 04 38 d5 | mrs x0, ID_AA64PFR1_EL1
    60 85 00 f8 | str x0, [x11], #8
    80 04 38 d5 | mrs x0, S3_0_C0_C4_4     | ID_AA64ZFR0_EL1
    60 85 00 f8 | str x0, [x11], #8
    a0 04 38 d5 | mrs x0, S3_0_C0_C4_5     | ID_AA64SMFR0_EL1
    60 85 00 f8 | str x0, [x11], #8
    00 05 38 d5 | mrs x0, ID_AA64DFR0_EL1
    60 85 00 f8 | str x0, [x11], #8
    20 05 38 d5 | mrs x0, ID_AA64DFR1_EL1
    60 85 00 f8 | str x0, [x11], #8
    00 06 38 d5 | mrs x0, ID_AA64ISAR0_EL1
    60 85 00 f8 | str x0, [x11], #8
    20 06 38 d5 | mrs x0, ID_AA64ISAR1_EL1
    60 85 00 f8 | str x0, [x11], #8
    40 06 38 d5 | mrs x0, ID_AA64ISAR2_EL1
    60 85 00 f8 | str x0, [x11], #8
    00 07 38 d5 | mrs x0, ID_AA64MMFR0_EL1
    60 85 00 f8 | str x0, [x11], #8
    20 07 38 d5 | mrs x0, ID_AA64MMFR1_EL1
    60 85 00 f8 | str x0, [x11], #8
    40 07 38 d5 | mrs x0, ID_AA64MMFR2_EL1
    60 85 00 f8 | str x0, [x11], #8
    60 07 38 d5 | mrs x0, S3_0_C0_C7_3     | ID_AA64MMFR3_EL1
    60 85 00 f8 | str x0, [x11], #8
    29 05 00 91 | add x9, x9, #1
    49 01 00 f9 | str x9, [x10]
    21 00 a0 d2 | mov x1, #65536          | a rest
    21 04 00 f1 | subs x1, x1, #1
    e1 ff ff 54 | b.ne #-4
    dc ff ff 17 | b #-144
  `),
})

/** In machine mode, where the firmware is. */
const riscv64 = (): RegisterGuest => ({
  machine: /^virt$/,
  needs: 'zicsr',
  option: '-bios',
  memory: 32,
  before: NOTHING,
  address: 0x8020_0000,
  size: 4,
  registersOf: named('MISA MVENDORID MARCHID MIMPID'),
  code: assembleProgram(`
    93 03 00 00 | li t2, 0                | the number of the pass
    37 03 20 80 | lui t1, 524800          | where it writes
    13 13 03 02 | slli t1, t1, 32
    13 53 03 02 | srli t1, t1, 32
    f3 22 10 30 | csrr t0, misa           | a pass
    23 34 53 00 | sd t0, 8(t1)
    f3 22 10 f1 | csrr t0, mvendorid
    23 38 53 00 | sd t0, 16(t1)
    f3 22 20 f1 | csrr t0, marchid
    23 3c 53 00 | sd t0, 24(t1)
    f3 22 30 f1 | csrr t0, mimpid
    23 30 53 02 | sd t0, 32(t1)
    93 83 13 00 | addi t2, t2, 1
    23 30 73 00 | sd t2, 0(t1)
    37 0e 01 00 | lui t3, 16              | a rest
    13 0e fe ff | addi t3, t3, -1
    e3 1e 0e fe | bnez t3, -4
    6f f0 df fc | j -52
  `),
})

/** A server's processor begins at 100H of the firmware. */
const ppc64 = (): RegisterGuest => ({
  machine: /^pseries(?:-|$)/,
  option: '-bios',
  memory: 256,
  before: new Uint8Array(0x100),
  address: AT_2_MIB,
  size: 1,
  registersOf: named('PVR'),
  code: assembleProgram(`
    3d 40 00 20 | lis 10, 32              | where it writes
    39 20 00 00 | li 9, 0                 | the number of the pass
    7c 7f 42 a6 | mfpvr 3                 | a pass
    f8 6a 00 08 | std 3, 8(10)
    39 29 00 01 | addi 9, 9, 1
    f9 2a 00 00 | std 9, 0(10)
    3c 80 00 01 | lis 4, 1                | a rest
    7c 89 03 a6 | mtctr 4
    42 00 00 00 | bdnz .+0
    4b ff ff e4 | b .-28
  `),
})

/** What STORE CPU ID and STORE FACILITY LIST EXTENDED store. Facilities count from the left. */
function zRegisters([id = 0n, ...list]: readonly bigint[]): (readonly [string, bigint])[] {
  const bits = list.map(word => word.toString(2).padStart(64, '0')).join('')
  return [
    ['MACHINE', (id >> 16n) & 0xffffn],
    ['STFLE', BigInt(`0b0${[...bits].reverse().join('')}`)],
  ]
}

/** What is loaded at 0: a PSW with which the processor begins behind it, at 400H. @see Principles of Operation, 4 */
function makeZStart(): Uint8Array {
  const image = Buffer.alloc(0x400)
  image.write('0008000080000400', 'hex')
  return image
}

const s390x = (): RegisterGuest => ({
  machine: /^s390-ccw-virtio(?:-|$)/,
  option: '-kernel',
  memory: 32,
  before: makeZStart(),
  address: AT_2_MIB,
  size: 5,
  registersOf: zRegisters,
  code: assembleProgram(`
    a7 99 00 00       | lghi %r9, 0       | the number of the pass
    a5 ae 00 20       | llilh %r10, 32    | where it writes
    b2 02 a0 08       | stidp 8(%r10)     | a pass
    a7 09 00 03       | lghi %r0, 3
    b2 b0 a0 10       | stfle 16(%r10)
    a7 9b 00 01       | aghi %r9, 1
    e3 90 a0 00 00 24 | stg %r9, 0(%r10)
    a5 1e 00 01       | llilh %r1, 1      | a rest
    a7 17 00 00       | brctg %r1, 0x22
    a7 f4 ff f1       | j 0x8
  `),
})

/** The words that CPUCFG reads. @see LoongArch Reference Manual, vol. 1, 2.2.10.5 */
const CPUCFG_WORDS = 21

/** Its instructions are also those of a core of 32 bits. */
const loongarch64 = (): RegisterGuest => ({
  machine: /^virt$/,
  option: '-bios',
  memory: 1024,
  before: NOTHING,
  address: AT_2_MIB,
  size: CPUCFG_WORDS,
  registersOf: words => words.map((word, i) => [`CPUCFG.${i}`, word]),
  code: assembleProgram(`
    0c 40 00 14 | lu12i.w $t0, 512        | where it writes
    0d 00 80 03 | ori $t1, $zero, 0       | the number of the pass
    04 00 80 03 | ori $a0, $zero, 0       | a pass
    86 21 80 02 | addi.w $a2, $t0, 8
    85 6c 00 00 | cpucfg $a1, $a0         | a word
    c5 00 80 29 | st.w $a1, $a2, 0
    c6 20 80 02 | addi.w $a2, $a2, 8
    84 04 80 02 | addi.w $a0, $a0, 1
    87 54 40 02 | sltui $a3, $a0, 21
    ff ec ff 47 | bnez $a3, -20
    ad 05 80 02 | addi.w $t1, $t1, 1
    8d 01 80 29 | st.w $t1, $t0, 0
    0e 02 00 14 | lu12i.w $t2, 16         | a rest
    ce fd bf 02 | addi.w $t2, $t2, -1
    df fd ff 47 | bnez $t2, -4
    ff cf ff 53 | b -52
  `),
})

/** The guests, by the architecture as libvirt spells it; x86 has another. */
export const REGISTER_GUESTS: Readonly<Partial<Record<string, () => RegisterGuest>>> = {
  aarch64: arm64,
  riscv64,
  ppc64,
  ppc64le: ppc64,
  s390x,
  loongarch64,
}

/**
 * A guest that reads registers.
 * @param names the features of which QEMU is asked too, as properties of the CPU; those that are none are passed over
 */
export function readerOfRegisters(guest: RegisterGuest, names: readonly string[]): GuestReader {
  const { before, code, option, memory, address, size } = guest
  const command = `xp /${size + 1}gx ${address}`
  return {
    firmware: Buffer.concat([before, code.bytes]),
    load: ['-m', String(memory), option, FIRMWARE],
    keeps: true,
    watch: ask => async () => {
      const text = await ask({ execute: 'human-monitor-command', arguments: { 'command-line': command } })
      const [pass = 0n, ...words] = Array.from(String(text).matchAll(/ (0x[0-9a-f]+)/g), ([, word = '0']) =>
        BigInt(word),
      )
      const registers = guest.registersOf(words).map(([name, value]) => [name, `0x${value.toString(16)}`])
      return pass === 0n
        ? []
        : [{ pass: Number(pass), cpuid: [], msr: [], registers: Object.fromEntries(registers) }]
    },
    async askCpu(ask) {
      const path = await findFirstCpu(ask)
      const all = await ask({ execute: 'qom-list', arguments: { path } })
      const known = new Set(
        Array.isArray(all)
          ? all.flatMap(one => (member(one, 'type') === 'bool' ? [member(one, 'name')] : []))
          : [],
      )
      const has = async (property: string) =>
        known.has(property) && (await ask({ execute: 'qom-get', arguments: { path, property } })) === true
      if (guest.needs !== undefined && !(await has(guest.needs)))
        throw new ProbeError(`the CPU has no ${guest.needs}: it cannot execute the guest's program`)
      const properties: [string, boolean][] = []
      for (const name of names.filter(name => known.has(name)))
        properties.push([
          name,
          (await ask({ execute: 'qom-get', arguments: { path, property: name } })) === true,
        ])
      return { properties: Object.fromEntries(properties) }
    },
  }
}
