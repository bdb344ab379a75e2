/** This host does not let itself be asked, or a program on it: in libvirt's words where it has some. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError'
}
