import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Pseudonym, redact } from '../../formats/redact.ts'
import { fileError } from '../files/file-error.ts'
import { makeFolder, writeWhole } from '../files/write.ts'
import { type ReportServer, type Sent, sendReport } from './server.ts'
import type { Target } from './targets.ts'

/** Where the key is in a folder: hosts that are gathered later have the same pseudonyms. A dot-file is never read as a host. */
const KEY_FILE = '.redaction-key'

/**
 * Makes pseudonyms with a secret key, so that names cannot be found by trying them.
 * @param folder has the key in it, or gets one; undefined: the key ends with this run
 * @throws FileError
 */
export function pseudonyms(folder: string | undefined): Pseudonym {
  const key = folder === undefined ? randomBytes(32) : keyIn(folder)
  return (kind, name) => {
    const digest = createHmac('sha256', key).update(`${kind} ${name}`).digest('hex')
    if (kind !== 'uuid') return `${kind}-${digest.slice(0, 10)}`
    return digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
  }
}

function keyIn(folder: string): Buffer {
  const path = join(folder, KEY_FILE)
  try {
    makeFolder(folder)
    if (!existsSync(path)) writeFileSync(path, randomBytes(32), { mode: 0o600, flag: 'wx' })
    return readFileSync(path)
  } catch (error) {
    throw fileError('write', path, error)
  }
}

/** Where what was gathered goes: into a folder, to a server or both; where there is neither, out. */
interface Places {
  readonly folder: string | undefined
  /** Replaces names; undefined: they stay. */
  readonly pseudonym: Pseudonym | undefined
  readonly server: ReportServer | undefined
  /** Whether hosts are asked again whose file is there. */
  readonly again: boolean
  /** Prints a text that has no other place. */
  readonly out: (text: string) => void
}

/** Keeps each gathered text: as a file, at a server, or printed. */
export class Keeper {
  /** The names of the targets that are kept. */
  readonly kept: string[] = []
  /** What the server made of each text. */
  readonly sent: Sent[] = []
  readonly #places: Places

  /** @throws FileError where the folder cannot be made */
  constructor(places: Places) {
    this.#places = places
    if (places.folder !== undefined) openFolder(places.folder)
  }

  /** Whether a host need not be asked, because its file is there. */
  has({ file }: Target): boolean {
    const { server, again } = this.#places
    const path = this.#pathOf(file)
    return path !== undefined && !server && !again && existsSync(path)
  }

  /** @throws FileError, NotTaken, ParseError for what cannot be redacted */
  async keep(name: string, file: string, text: string): Promise<void> {
    const { pseudonym, server, out } = this.#places
    const kept = pseudonym ? redact(text, pseudonym, name) : text
    const path = this.#pathOf(file)
    if (path !== undefined) writeWhole(path, kept)
    else if (!server) out(kept)
    if (server) this.sent.push(await sendReport(kept, this.#nameOf(file), server))
    this.kept.push(name)
  }

  /** The name of a host whose text does not say one. */
  #nameOf(file: string): string {
    const stem = file.replace(/\.\w+$/, '')
    return this.#places.pseudonym?.('host', stem) ?? stem
  }

  #pathOf(file: string): string | undefined {
    const { folder, pseudonym } = this.#places
    if (folder === undefined) return undefined
    const [, stem = file, ending = ''] = /^(.*)(\.\w+)$/.exec(file) ?? []
    return join(folder, pseudonym ? `${pseudonym('host', stem)}${ending}` : file)
  }
}

function openFolder(folder: string): void {
  try {
    makeFolder(folder)
  } catch (error) {
    throw fileError('open', folder, error)
  }
}
