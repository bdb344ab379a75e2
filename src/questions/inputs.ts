import * as v from 'valibot'
import type { CpuidRow, MsrRow } from '../core/cpuid-data.ts'
import { isRows } from '../formats/json/cpuid-json.ts'

/** Checked by hand: a dump has five hundred numbers, and ten thousand dumps come in a row. */
export const leaves = v.custom<CpuidRow[]>(
  value => isRows<CpuidRow>(value, 6),
  'must be rows of [leaf, subleaf, eax, ebx, ecx, edx], each number from 0 to 4294967295',
)
export const msrs = v.custom<MsrRow[]>(
  value => isRows<MsrRow>(value, 3),
  'must be rows of [index, low, high], each number from 0 to 4294967295',
)
const text = v.string('must be text')
const flag = v.optional(v.boolean('must be true or false'))
const names = v.array(v.string('must be a name'), 'must be a list of names')
const dump = v.strictObject({ cpuid: v.optional(leaves), msr: v.optional(msrs) }, 'must be an object')

export const decode = v.pipe(
  v.strictObject({
    cpuid: v.optional(leaves),
    msr: v.optional(msrs),
    text: v.optional(text),
    as: v.optional(v.picklist(['host', 'guest'], 'must be "host" or "guest"')),
    best: flag,
    models: v.optional(names),
    blockers: v.optional(v.record(v.string(), names, 'must be lists of features by model')),
  }),
  v.check(({ cpuid, text }) => (cpuid === undefined) !== (text === undefined), 'give either cpuid or text'),
  v.check(({ msr, text }) => msr === undefined || text === undefined, 'give msr with cpuid, not with text'),
)

export const baseline = v.strictObject({
  cpus: v.array(v.string('must be the text of a CPU'), 'must be a list of texts'),
  expand: flag,
  migratable: flag,
  onModel: v.optional(text),
  lenient: flag,
  best: flag,
  raw: flag,
})

export const compare = v.strictObject({ host: text, cpu: text, arch: v.optional(text) })
export const update = v.strictObject({ host: text, guest: text })
export const start = v.strictObject({ host: text, guest: text, models: v.optional(names) })
export const oneCpu = v.strictObject({ cpu: text })
export const models = v.strictObject({ arch: text })

/** `<cpudata>` as text, or its words. */
const liveData = v.union([v.string(), dump], 'must be the text of a <cpudata>, or {cpuid, msr}')
export const twoData = v.strictObject({ a: liveData, b: liveData })
export const updateLive = v.strictObject({ guest: text, enabled: liveData, disabled: liveData })
