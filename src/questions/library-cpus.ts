import type { Expected } from '../formats/libvirt/parse-cpu.ts'
import { contextOf } from './context.ts'
import { type FoundHost, findHosts as parse } from './input/read.ts'
import type { Options } from './library.ts'

export interface ParseOptions extends Options {
  /** `host` reads definitions as `cpu-baseline` does, `auto` (the default) as `cpu-compare` does. */
  readonly expected?: Expected
  /** What errors call the text. */
  readonly source?: string
}

/**
 * Every CPU in a text, in order: definitions where virsh finds them, dumps as host definitions. None is an
 * answer.
 * @throws ParseError, LibvirtError
 */
export const parseCpus = (text: string, { map, expected, source }: ParseOptions = {}): FoundHost[] =>
  parse(contextOf(map), text, expected, source)
