import { internalError } from '../core/libvirt-error.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** A command of QEMU's machine protocol. */
export interface DialogueStep {
  readonly execute: string
  readonly arguments: JsonObject
}

/**
 * Commands for a QEMU, each sent after the reply to the one before, and the result. Pure: a live QEMU replies, or a
 * recording, or nothing where there is neither.
 */
export type Dialogue<T, Step = DialogueStep> = Generator<Step, T, JsonObject>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What a reply returns. @throws LibvirtError for an error of QEMU's, in libvirt's words */
export function returned(reply: JsonObject, { execute }: DialogueStep): JsonObject {
  if (isObject(reply.error)) {
    throw internalError(`unable to execute QEMU command '${execute}': ${String(reply.error.desc)}`)
  }
  return isObject(reply.return) ? reply.return : {}
}

/** An object's member that must be there. @throws LibvirtError in libvirt's words */
export function objectIn(from: JsonObject, name: string, { execute }: DialogueStep): JsonObject {
  const value = from[name]
  if (!isObject(value)) throw internalError(`${execute} reply data was missing '${name}'`)
  return value
}

/** A text that must be there. @throws LibvirtError in libvirt's words */
export function textIn(from: JsonObject, name: string, { execute }: DialogueStep): string {
  const value = from[name]
  if (typeof value !== 'string') throw internalError(`${execute} reply data was missing '${name}'`)
  return value
}
