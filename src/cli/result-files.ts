import { createReadStream, rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ResultFiles } from '../http/jobs.ts'

/** Results of jobs in a temporary folder, which nobody else may read and which ends with the server. */
export class TemporaryResults implements ResultFiles {
  #folder: Promise<string> | undefined
  #made: string | undefined

  readonly write = async (id: string, bytes: Uint8Array): Promise<void> => {
    this.#folder ??= mkdtemp(join(tmpdir(), 'virt-cpu-results-'))
    this.#made = await this.#folder
    await writeFile(this.#pathOf(id), bytes, { mode: 0o600 })
  }

  readonly read = (id: string): ReadableStream<Uint8Array> =>
    Readable.toWeb(createReadStream(this.#pathOf(id))) as ReadableStream<Uint8Array>

  readonly drop = (id: string): Promise<void> => rm(this.#pathOf(id), { force: true })

  /** Deletes all. */
  end(): void {
    if (this.#made !== undefined) rmSync(this.#made, { recursive: true, force: true })
  }

  #pathOf(id: string): string {
    return join(this.#made ?? '', id)
  }
}
