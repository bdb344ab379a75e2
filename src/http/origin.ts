import { Refused } from './refused.ts'

/**
 * Refuses what another web site makes a browser send here: by name it could reach this server through a DNS entry
 * of its own, so that only addresses, `localhost` and the name that was configured count as ours.
 * @param own the name that the server was told to listen on
 * @throws Refused
 */
export function checkOrigin(headers: Headers, own: string | undefined): void {
  const host = headers.get('host') ?? ''
  const name = host.replace(/:\d*$/, '').toLowerCase()
  if (!isAddress(name) && name !== 'localhost' && !name.endsWith('.localhost') && name !== own?.toLowerCase())
    throw new Refused('forbidden', `this server is not called '${host}'`)
  const origin = headers.get('origin')
  if (origin !== null && origin.replace(/^https?:\/\//, '') !== host)
    throw new Refused('forbidden', `requests from ${origin} are not answered`)
}

const isAddress = (name: string): boolean => /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/.test(name)
