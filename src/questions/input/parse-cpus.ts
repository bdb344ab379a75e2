import type { Cpu } from '../../core/cpu.ts'
import { readText } from '../../formats/dialects.ts'
import { cpusOf } from '../../formats/libvirt/find-cpus.ts'
import type { Expected } from '../../formats/libvirt/parse-cpu.ts'
import type { Context } from '../context.ts'
import type { Note } from '../words/note.ts'
import { definitionOf } from './definition-of.ts'

/** A CPU found in a text. */
export interface FoundHost {
  readonly cpu: Cpu
  /** Why a dump may not show every feature; empty for definitions. */
  readonly notes: readonly Note[]
}

/**
 * Returns every CPU in a text of any dialect, in order: definitions where virsh finds them, dumps as host
 * definitions. Empty where there is no CPU.
 * @param expected `host` reads definitions as `cpu-baseline` does, `auto` as `cpu-compare` does
 * @param source what errors call the text
 * @throws ParseError, LibvirtError
 */
export const parseCpus = (
  context: Context,
  text: string,
  expected: Expected = 'auto',
  source = '',
): FoundHost[] =>
  readText(text, source, { hosts: expected !== 'guest' })
    .flatMap(cpusOf)
    .map(input => {
      const { value, notes } = definitionOf(context, { ...input, source }, expected)
      return { cpu: value, notes }
    })
