import { createHash, createHmac } from 'node:crypto'
import { readWholeText } from '../host/files/files.ts'
import { printWebhook } from '../http/alerts.ts'
import type { Delivery } from '../inventory/alerts.ts'
import type { Inventory } from '../inventory/inventory.ts'
import type { ServeSettings } from './serve-settings.ts'
import { CommandError } from './spec.ts'

declare const __VERSION__: string

/** How long a receiver may take, in ms. */
const TIMEOUT = 10_000

/** How long a receiver that does not take alerts is left alone at most, in seconds. */
const LONGEST_WAIT = 300

/** The secret that alerts are signed with; undefined: they are not signed. @throws FileError, CommandError */
export function readSecret(
  settings: ServeSettings,
  { VIRT_CPU_WEBHOOK_SECRET: given }: NodeJS.ProcessEnv,
): string | undefined {
  const path = settings['webhook-secret']
  const secret = path ? readWholeText(path).trim() : given?.trim()
  if (path && !secret) throw new CommandError([`${path}: the secret of webhooks is empty`])
  return secret || undefined
}

/** How deliveries are made. */
interface DeliveryOptions {
  /** The server's own address, for links. */
  readonly server: string
  /** Aborted when the server stops. */
  readonly ended: AbortSignal
  /** The secret of this moment: a server reads its settings again. */
  readonly secret: () => string | undefined
}

/** A receiver of alerts, and what it has not taken yet. */
export class Webhook {
  readonly #url: string
  readonly #options: DeliveryOptions
  /** What the log and messages call it: a number, since its URL may be a secret. */
  readonly name: string
  /** What the database calls it. */
  readonly receiver: string

  /** @param number from 1, in the order of the settings */
  constructor(url: string, number: number, options: DeliveryOptions) {
    this.#url = url
    this.#options = options
    this.name = `webhook ${number}`
    this.receiver = createHash('sha256').update(url).digest('hex').slice(0, 16)
  }

  /** Its name with its host. */
  get title(): string {
    return `${this.name} (${new URL(this.#url).host})`
  }

  /**
   * Sends the oldest deliveries that are due, and writes down what came of it.
   * @returns undefined: nothing was due; else what kept the receiver from taking them, empty where it took them
   */
  async deliver({ alerts }: Inventory): Promise<string | undefined> {
    const due = await alerts.due(this.receiver)
    const [first] = due
    if (!first) return undefined
    const problem = await this.#post(due)
    if (problem === '') await alerts.delivered(due)
    else await alerts.postpone(due, Math.min(LONGEST_WAIT, 2 ** first.tries))
    return problem
  }

  /** Empty: the receiver took them. */
  async #post(due: readonly Delivery[]): Promise<string> {
    const body = await printWebhook(due, this.#options.server)
    const { username, password, url } = splitUrl(this.#url)
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
    const signal = AbortSignal.any([this.#options.ended, AbortSignal.timeout(TIMEOUT)])
    const secret = this.#options.secret()
    try {
      const response = await fetch(url, {
        ...{ method: 'POST', redirect: 'manual', signal, body },
        headers: {
          'content-type': 'application/json',
          'user-agent': `virt-cpu/${__VERSION__}`,
          ...(username && { authorization }),
          ...(secret !== undefined && signatureOf(secret, body)),
        },
      })
      await response.body?.cancel()
      return response.ok ? '' : `HTTP ${response.status}: it is tried again`
    } catch (error) {
      const { name, cause } = error as Error & { readonly cause?: { readonly code?: string } }
      return `${name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? name)}: it is tried again`
    }
  }
}

/** A URL without its user and password, which `fetch` refuses in a URL. */
function splitUrl(text: string) {
  const url = new URL(text)
  const [username, password] = [url.username, url.password].map(decodeURIComponent)
  url.username = ''
  url.password = ''
  return { url, username, password }
}

/** Headers by which a receiver knows who sent a body, and when. */
function signatureOf(secret: string, body: string): Readonly<Record<string, string>> {
  const time = String(Math.floor(Date.now() / 1000))
  const hash = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
  return { 'x-virt-cpu-timestamp': time, 'x-virt-cpu-signature': `sha256=${hash}` }
}
