import { jsonFault } from '../formats/json/json-fault.ts'
import { LIBVIRT_VERSIONS } from '../qemu/versions.ts'
import { BadRequest } from './ask.ts'

type Request = Readonly<Record<string, unknown>>

/** As deep as a request may nest: an answer that repeats its `id` must be printable. */
const DEEPEST = 64

/**
 * A request of the JSON contract, read from text.
 * @param line the number of the text's first line, for messages
 * @throws BadRequest that says where
 */
export function parseRequest(text: string, line = 1): Request {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch (cause) {
    const { offset, what } = jsonFault(text)
    const before = text.slice(0, offset).split('\n')
    const column = (before.at(-1) ?? '').length + 1
    throw new BadRequest(`line ${line + before.length - 1}, column ${column}: ${what}`, { cause })
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new BadRequest(`line ${line}, column 1: a request is a JSON object`)
  }
  if (isDeeper(request, DEEPEST)) {
    throw new BadRequest(`line ${line}, column 1: nested more than ${DEEPEST} deep`)
  }
  return request as Request
}

/** @throws BadRequest for a version of libvirt whose behaviour is not known */
export function checkLibvirt(version: unknown): void {
  if (version !== undefined && !LIBVIRT_VERSIONS.some(known => known === version))
    throw new BadRequest(`libvirt: must be ${LIBVIRT_VERSIONS.map(known => `'${known}'`).join(' or ')}`)
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some(inner => isDeeper(inner, levels - 1)))
