/** A way to read CPUs that is not there on this machine, and why. */
export class RouteError extends Error {
  override readonly name = 'RouteError'
}
