import { formatCount } from '../ui/parts/text.ts'

/** What the server says of a host at one time. */
export interface PastAnswer {
  readonly since: string
  readonly until: string | null
  readonly name: string
  readonly pool: string
  readonly cpu: number
  readonly facts: Readonly<Record<string, unknown>>
  readonly evidence: string
}

export interface HostAnswer extends Omit<PastAnswer, 'since' | 'until'> {
  readonly id: string
  readonly reporter: string | null
  readonly firstSeen: string
  readonly seen: string
}

export interface HostStory extends HostAnswer {
  readonly history: readonly PastAnswer[]
}

export interface HostDifference {
  readonly id: string
  readonly before: PastAnswer | null
  readonly after: PastAnswer | null
  readonly lost: readonly string[]
  readonly gained: readonly string[]
  readonly reporter: string | null
}

export interface CountedPool {
  readonly pool: string
  readonly hosts: number
}

export interface TimelineAnswer {
  readonly from: string | null
  readonly to: string
  readonly changes: readonly { readonly at: string; readonly hosts: number }[]
}

/** What the server refuses, in its own words. */
export class ServerRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** More hosts than the page opens at once. */
export class TooMany extends Error {}

/** The most hosts, and bytes about them, that the page opens at once. */
export const MOST_HOSTS = 100_000
const MOST_BYTES = 64 * 2 ** 20

const TOKEN = 'virt-cpu-token'

/** Kept for this tab alone, and never in the address or a saved page. */
export const keepToken = (token: string): void => sessionStorage.setItem(TOKEN, token)

/** @throws ServerRefusal, and TypeError where the server is away */
export async function request(path: string, signal?: AbortSignal, more: object = {}): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN)
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...more }
  const response = await fetch(path, { headers, ...(signal && { signal }) })
  if (response.ok) return response
  const said = await response.json().catch(() => undefined)
  throw new ServerRefusal(response.status, said?.error?.message ?? `the server answered ${response.status}`)
}

export const askServer = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await request(path, signal)).json()

/** The query of a request, without what is undefined. */
export const query = (values: Readonly<Record<string, string | number | undefined>>): string =>
  `?${new URLSearchParams(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  )}`

/** The hosts of a pool, or all, as the worker opens them. @throws TooMany, ServerRefusal */
export async function fetchHosts(
  pool: string | undefined,
  time: string | undefined,
  signal: AbortSignal,
): Promise<Blob> {
  const { body } = await request(`/v1/fleet${query({ pool, time })}`, signal)
  const reader = body?.getReader()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    if (size === 0) checkCount(new TextDecoder().decode(part.value))
    size += part.value.length
    if (size > MOST_BYTES) await leave(reader, `more than ${MOST_BYTES / 2 ** 20} MB of hosts`)
    chunks.push(part.value as Uint8Array<ArrayBuffer>)
  }
  return new Blob(chunks)

  function checkCount(text: string): void {
    const { hosts } = JSON.parse(text.slice(0, text.indexOf('\n'))) as { readonly hosts: number }
    if (hosts > MOST_HOSTS) void leave(reader, formatCount(hosts, 'host'))
  }
}

/** @throws TooMany */
function leave(reader: ReadableStreamDefaultReader | undefined, what: string): never {
  void reader?.cancel()
  throw new TooMany(what)
}

/** An event of the inventory. */
export interface EventAnswer {
  readonly kind: string
  readonly host: string | null
  readonly pool: string
}

/** Listens until the server or the signal ends it. A browser's own EventSource sends no token. @returns the last event's id */
export async function hearEvents(
  after: string | undefined,
  {
    signal,
    onOpen,
    onEvents,
  }: {
    readonly signal: AbortSignal
    readonly onOpen: () => void
    readonly onEvents: (events: readonly EventAnswer[], id: string | undefined) => void
  },
): Promise<void> {
  const { body } = await request('/v1/events', signal, after ? { 'last-event-id': after } : {})
  onOpen()
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const blocks = (rest + part.value).split('\n\n')
    rest = blocks.pop() ?? ''
    const lines = blocks.map(block => new Map(block.split('\n').map(splitField)))
    const events = lines.flatMap(fields => {
      const kind = fields.get('event')
      return kind ? [{ kind, ...JSON.parse(fields.get('data') ?? '{}') } as EventAnswer] : []
    })
    const ids = lines.flatMap(fields => fields.get('id') ?? [])
    if (events.length > 0) onEvents(events, ids.at(-1))
  }
}

const splitField = (line: string): [string, string] => {
  const at = line.indexOf(': ')
  return [line.slice(0, at), line.slice(at + 2)]
}
