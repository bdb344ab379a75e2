/** A part of the capabilities that can fail on its own. */
export type HostPart = 'topology' | 'cache' | 'memory bandwidth' | 'energy' | 'node info'

/** What could not be learnt of a host, or not as libvirt learns it. */
export type HostWarning =
  | { readonly kind: 'part-left-out'; readonly part: HostPart; readonly because: string }
  | { readonly kind: 'files-denied'; readonly paths: readonly string[] }
  | { readonly kind: 'no-host-uuid' }
  | { readonly kind: 'recorded-host' }
  | { readonly kind: 'in-container' }
  | { readonly kind: 'cpu-unread'; readonly because: string }
  | { readonly kind: 'no-emulators' }
  | { readonly kind: 'emulator-failed'; readonly path: string; readonly because: string }
  | { readonly kind: 'guests-unasked' }
