/** The request itself is at fault: not JSON, no such verb, an input missing or of the wrong kind. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
}
