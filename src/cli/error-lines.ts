import { LibvirtError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import { FileError, ProbeError } from '../host/files/file-error.ts'
import { BadRequest } from '../questions/bad-request.ts'
import { CommandError, UsageError } from './spec.ts'

/** Errors whose messages are for users. */
const EXPECTED = [LibvirtError, ParseError, FileError, ProbeError, BadRequest]

/** What went wrong, in lines for the user. A fault of ours is shown as what it is, without its stack. */
export function linesOf(error: unknown): readonly string[] {
  if (error instanceof UsageError) throw error
  if (error instanceof CommandError) return error.lines
  if (error instanceof Error && EXPECTED.some(kind => error instanceof kind)) return [error.message]
  if (process.env.VIRT_CPU_DEBUG) throw error
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return [`a fault in virt-cpu itself: ${what}`, 'please report it; VIRT_CPU_DEBUG=1 shows where it happened']
}
