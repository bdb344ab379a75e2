import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import { CommandError } from './spec.ts'

export interface Listening {
  /** `http://127.0.0.1:8680/` */
  readonly url: string
  /** Takes no more requests and settles when those under way are answered; what idles is cut off. */
  readonly stop: () => Promise<void>
}

/** How long a client may take, in milliseconds: to say what it wants, and to say all of it. */
interface Patience {
  readonly headers: number
  readonly request: number
}

const PATIENCE: Patience = { headers: 10_000, request: 30_000 }

/** More connections at once than this wait in the kernel. */
const MOST_CONNECTIONS = 256

/**
 * Serves requests at an address, until it is stopped.
 * @throws CommandError where the address cannot be had
 */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  { address, port }: { readonly address: string; readonly port: number },
  patience: Patience = PATIENCE,
): Promise<Listening> {
  const server = createAdaptorServer({
    fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: patience.headers,
      requestTimeout: patience.request,
      connectionsCheckingInterval: Math.ceil(patience.headers / 4),
      keepAliveTimeout: 5_000,
      maxHeaderSize: 16 * 1024,
    },
  }) as Server
  server.maxConnections = MOST_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(cannotListen(error, address, port)))
    server.listen(port, address, resolve)
  })
  const stop = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve())
      server.closeIdleConnections()
    })
  return { url: urlOf(server, address), stop }
}

function urlOf(server: Server, address: string): string {
  const at = server.address()
  const port = typeof at === 'object' ? at?.port : undefined
  return `http://${address.includes(':') ? `[${address}]` : address}:${port}/`
}

function cannotListen(error: Error, address: string, port: number): CommandError {
  const code = 'code' in error ? error.code : undefined
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is taken: stop what listens there, or choose another with --port (0: any free one)`,
    EACCES: `port ${port} needs more rights than you have: choose one from 1024 on`,
    EADDRNOTAVAIL: `${address} is not an address of this host`,
    ENOTFOUND: `there is no host called ${address}`,
  }
  return new CommandError([why[String(code)] ?? `cannot listen on ${address}: ${error.message}`], {
    cause: error,
  })
}
