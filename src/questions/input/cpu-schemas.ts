import * as v from 'valibot'
import type { CpuidRow, MsrRow } from '../../core/cpuid.ts'
import { isRows } from '../../formats/json/cpuid-json.ts'
import { described, text } from '../schema.ts'

/** Rows of CPUID. Checked by hand: a dump has five hundred numbers, and ten thousand dumps come in a row. */
export const leaves = v.custom<CpuidRow[]>(
  value => isRows<CpuidRow>(value, 6),
  'must be rows of [leaf, subleaf, eax, ebx, ecx, edx], each number from 0 to 4294967295',
)
/** Rows of MSRs. */
export const msrs = v.custom<MsrRow[]>(
  value => isRows<MsrRow>(value, 3),
  'must be rows of [index, low, high], each number from 0 to 4294967295',
)

const words = v.strictObject({ cpuid: v.optional(leaves), msr: v.optional(msrs) }, 'must be an object')

/** `<cpudata>` as text, or its words. */
export const cpudata = (description: string) =>
  described(v.union([v.string(), words], 'must be the text of a <cpudata>, or {cpuid, msr}'), description)

/** One `<cpu>` element. */
export const oneCpu = v.strictObject({ cpu: text('A <cpu> element, of a host or a guest.') })

/** A host and a guest. */
export const hostAndGuest = {
  host: text("The host's <cpu>, with its <arch>."),
  guest: text("The guest's <cpu>."),
}
