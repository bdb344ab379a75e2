/**
 * An error that libvirt itself would raise, with its kind and its text: users search for these words.
 * `message` is what virsh shows after `error: `, prefix included.
 * @see libvirt's error texts, as observed
 */
export class LibvirtError extends Error {
  override readonly name = 'LibvirtError'

  readonly kind: LibvirtErrorKind
  /** The text without the kind's prefix; empty only for `cpu-incompatible` and `no-name`. */
  readonly detail: string

  constructor(kind: LibvirtErrorKind, detail: string, options?: ErrorOptions) {
    super(detail ? PREFIX[kind] + detail : PREFIX[kind].replace(/: $/, ''), options)
    this.kind = kind
    this.detail = detail
  }
}

/** The text in front of the detail, by kind. */
const PREFIX = {
  internal: 'internal error: ',
  xml: 'XML error: ',
  unsupported: 'unsupported configuration: ',
  'invalid-arg': 'invalid argument: ',
  'op-failed': 'operation failed: ',
  'op-invalid': 'Requested operation is not valid: ',
  'op-unsupported': 'Operation not supported: ',
  'no-support': 'this function is not supported by the connection driver: ',
  'no-name': 'missing name information: ',
  'cpu-incompatible': 'the CPU is incompatible with host CPU: ',
  overflow: 'numerical overflow: ',
  schema: 'XML document failed to validate against schema: ',
} as const

export type LibvirtErrorKind = keyof typeof PREFIX

/** Shorthand for the two kinds that most code raises. */
export const internalError = (detail: string): LibvirtError => new LibvirtError('internal', detail)
export const xmlError = (detail: string): LibvirtError => new LibvirtError('xml', detail)
