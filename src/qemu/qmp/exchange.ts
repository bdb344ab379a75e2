import type { JsonObject } from '../../formats/json/json-value.ts'

/** What QEMU was asked. */
export interface QmpCommand {
  readonly execute: string
  readonly arguments?: JsonObject
}

/** A command and what QEMU answered. */
export interface QmpExchange {
  readonly command: QmpCommand
  /** `{"return": …}` or `{"error": {"class": …, "desc": …}}` */
  readonly reply: JsonObject
  /** Where the reply stands in its source, 1-based; 0 where it was not read from a text. */
  readonly line: number
}
