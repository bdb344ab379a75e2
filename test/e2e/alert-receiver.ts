import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What a receiver of alerts was sent. */
export interface Heard {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  readonly alerts: readonly {
    readonly status: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
    readonly startsAt: string
    readonly endsAt: string
    readonly generatorURL: string
    readonly fingerprint: string
  }[]
}

/** A receiver of Alertmanager's webhooks. @param port absent: any free one */
export async function startAlertReceiver(port = 0) {
  const heard: Heard[] = []
  const planned: number[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const status = planned.shift() ?? 200
    if (status < 300) heard.push({ headers: request.headers, body, alerts: JSON.parse(body).alerts })
    response.writeHead(status, { location: '/elsewhere' }).end('a secret of the receiver')
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: own } = server.address() as AddressInfo
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  /** `firing RULE POOL`, one for each alert of each request. */
  const said = () =>
    heard.flatMap(({ alerts }) => alerts.map(({ status, labels: l }) => `${status} ${l.alertname} ${l.pool}`))
  return { url: `http://127.0.0.1:${own}/hook`, port: own, heard, said, planned, stop }
}
