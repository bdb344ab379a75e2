import { BlockList, isIP } from 'node:net'
import { readWholeText } from '../host/files/files.ts'
import { type AccessOptions, authenticateBy, RateLimiter } from '../http/access.ts'
import type { AuditEntry, TokenStore } from '../inventory/access.ts'
import type { Certificate } from './listen.ts'
import { openOidc } from './oidc.ts'
import type { RequestLog } from './request-log.ts'
import type { ServeSettings } from './serve-settings.ts'
import type { ServeStore } from './serve-store.ts'
import { CommandError } from './spec.ts'
import { type GivenTokens, withoutSecrets } from './tokens.ts'

/** Requests a minute of each client, where nobody says how many. */
const USUAL_RATE = 600

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether only this machine can reach an address; of host names `localhost` alone. */
function isLoopback(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return address.toLowerCase() === 'localhost'
  return loopback.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** Holds settings against each other. @throws CommandError */
export function checkAccess(settings: ServeSettings): void {
  const faults: string[] = []
  const { listen, token } = settings
  if (!isLoopback(listen) && token.length === 0 && !settings['oidc-issuer'])
    faults.push(
      `other machines can reach ${listen}: give the server --token, which \`virt-cpu serve --new-token me=admin\` prints, or --oidc-issuer`,
    )
  const isPublic = settings.name.length > 0 || settings.proxy !== undefined
  if ((settings.store || settings.sync) && isPublic && token.length === 0 && !settings['oidc-issuer'])
    faults.push(
      '--name and --proxy let others in: with --store or --sync give the server --token, which `virt-cpu serve --new-token me=admin` prints, or --oidc-issuer',
    )
  if (Boolean(settings['tls-cert']) !== Boolean(settings['tls-key']))
    faults.push('--tls-cert and --tls-key belong together')
  const isIncomplete = !settings['oidc-audience'] || settings['oidc-role'].size === 0
  if (settings['oidc-issuer'] && isIncomplete)
    faults.push('--oidc-issuer needs --oidc-audience, and --oidc-role for what its holders may do')
  if (faults.length > 0) throw new CommandError(faults)
}

/** What whoever starts a server should know of those whom it lets in: with a public name, clients come from elsewhere. */
export function noteOnAccess({ name: [name], token, ...settings }: ServeSettings): string {
  if (name === undefined || token.length > 0 || settings['oidc-issuer']) return ''
  return `without --token, whoever is let through to it as ${name} may do everything\n`
}

/** Who may do what, and the tokens that are in a store. */
type ServerAccess = AccessOptions & { readonly stored: TokenStore | undefined }

/** A path as the audit log has it: no client fills that with paths of its own. */
const targetOf = (path: string): string => withoutSecrets(path).slice(0, 300)

/** Writes who changed something; in the store too where it was done. */
async function audit(entry: AuditEntry, log: RequestLog, store: ServeStore | undefined): Promise<void> {
  log.audit(entry)
  const { status } = entry.detail as { readonly status: number }
  if (status >= 400 || !store) return
  // What was done is done: its client is not told that it was not.
  await store.auditLog
    .write(entry)
    .catch(error => log.fault([`not in the audit log: ${error.message}`], undefined))
}

/** Who may do what on a server, and how often. @throws CommandError */
export async function openAccess(
  settings: ServeSettings,
  tokens: GivenTokens,
  log: RequestLog,
  store?: ServeStore,
): Promise<ServerAccess> {
  const issuer = settings['oidc-issuer']
  const signed = issuer
    ? await openOidc({
        issuer,
        audience: settings['oidc-audience'],
        claim: settings['oidc-claim'],
        roles: settings['oidc-role'],
      })
    : undefined
  const isTrusted = () => isLoopback(settings.listen) && tokens.isEmpty && !signed
  const isOpen = async () => isTrusted() && !(await store?.hasTokens())
  const stored = store?.tokens(isOpen)
  const known = authenticateBy(stored ? [tokens, stored] : [tokens], Date.now)
  const rate = settings.rate ?? (isTrusted() ? 0 : USUAL_RATE)
  return {
    authenticate: async token => (await known(token)) ?? signed?.(token),
    isOpen,
    limiter: rate > 0 ? new RateLimiter(rate, Date.now) : undefined,
    audit: entry => audit({ ...entry, target: entry.target && targetOf(entry.target) }, log, store),
    stored,
  }
}

/** The certificate that a server shows, as its files have it now. @throws FileError */
export function readCertificate(settings: ServeSettings): Certificate | undefined {
  const [cert, key] = [settings['tls-cert'], settings['tls-key']]
  return cert && key ? { cert: readWholeText(cert), key: readWholeText(key) } : undefined
}
