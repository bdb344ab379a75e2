import { LibvirtError } from '../src/core/libvirt-error.ts'
import { ParseError } from '../src/core/parse-error.ts'

/** The answer as text, or the error's text: what is compared with the recorded one. */
export function outcome(answer: () => string): string {
  try {
    return answer()
  } catch (error) {
    if (error instanceof LibvirtError || error instanceof ParseError) return error.message
    throw error
  }
}
