import { LibvirtError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import { CommandError, UsageError } from './spec.ts'

/** What went wrong, in lines for the user. A fault of ours is shown as what it is, without its stack. */
export function linesOf(error: unknown): readonly string[] {
  if (error instanceof UsageError) throw error
  if (error instanceof CommandError) return error.lines
  if (error instanceof LibvirtError || error instanceof ParseError) return [error.message]
  if (error instanceof Error && SAID.has(error.name)) return [error.message]
  if (process.env.VIRT_CPU_DEBUG) throw error
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return [`a fault in virt-cpu itself: ${what}`, 'please report it; VIRT_CPU_DEBUG=1 shows where it happened']
}

/** Errors whose messages are for users, by name: to know their classes, code would be loaded that most runs never need. */
const SAID: ReadonlySet<string> = new Set(['FileError', 'ProbeError', 'BadRequest'])
