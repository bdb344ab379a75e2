import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** What a server needs that others than its own machine can reach, and what asks it: a token of this test alone. */
export function accessOfTest(): { env: Record<string, string>; headers: Record<string, string> } {
  const token = `vc_${randomBytes(32).toString('base64url')}`
  const hash = createHash('sha256').update(token).digest('hex')
  return {
    env: { VIRT_CPU_SERVE_TOKEN: `test=admin:sha256:${hash}` },
    headers: { authorization: `Bearer ${token}` },
  }
}

/** A port of this machine on which nothing listens. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
