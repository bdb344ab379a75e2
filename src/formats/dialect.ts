import type { Found } from './found.ts'

/** An input dialect: one form of text in which CPUs, guests or hypervisors are described. */
export interface Dialect {
  /** A short name, for tests and messages. */
  readonly name: string
  /** What people call it. */
  readonly title: string
  /** Whether a text is in this dialect, judging by a mark that no other dialect has. */
  sniff(text: string): boolean
  /**
   * Everything that the text holds, in its order; empty where it holds nothing of use.
   * @param source what errors call the text
   * @throws ParseError for a text that breaks the rules of the dialect; LibvirtError for a bad `<cpudata>`
   */
  read(text: string, source: string, options?: ReadOptions): Found[]
}

export interface ReadOptions {
  /** Whether hosts that stand as libvirt prints them may come already read (kind `host`), which is faster. */
  readonly hosts?: boolean | undefined
}
