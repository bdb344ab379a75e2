import type { Cpu } from '../../core/cpu.ts'
import { detectFormat } from '../../formats/detect.ts'
import type { FoundInput } from '../../formats/input-cpu.ts'
import { inputsOfText } from '../../formats/input-text.ts'
import { InputReader } from '../../formats/libvirt/input-reader.ts'
import type { Expected } from '../../formats/libvirt/parse-cpu.ts'
import type { Context } from '../context.ts'
import type { Note } from '../words/note.ts'
import { definitionOf } from './definition-of.ts'

/** A CPU found in a text. */
export interface FoundHost {
  readonly cpu: Cpu
  /** Why a dump may not tell all; empty for definitions. */
  readonly notes: readonly Note[]
}

/**
 * Every CPU in a text, in order: definitions where virsh finds them, dumps as host definitions. None is an
 * answer.
 * @param expected `host` reads definitions as `cpu-baseline` does, `auto` as `cpu-compare` does
 * @param source what errors call the text
 * @throws ParseError, LibvirtError
 */
export function parseCpus(
  context: Context,
  text: string,
  expected: Expected = 'auto',
  source = '',
): FoundHost[] {
  const inputs =
    expected === 'guest' || detectFormat(text) !== 'xml' ? inputsOfText(text, source) : hostsOf(text, source)
  return inputs.map(input => {
    const { value, notes } = definitionOf(context, { ...input, source }, expected)
    return { cpu: value, notes }
  })
}

/** Hosts as libvirt prints them may be read without a tree. */
function hostsOf(text: string, source: string): FoundInput[] {
  const inputs: FoundInput[] = []
  const reader = new InputReader({ source, hosts: true, take: found => inputs.push(found) })
  reader.write(text)
  reader.end()
  return inputs
}
