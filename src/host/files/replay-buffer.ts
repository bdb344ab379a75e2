/** As much as virsh would read of a file. */
const LIMIT = 10 * 2 ** 20

/** Bytes that went by, for a second look at an input that can be read only once. */
export class Kept {
  #chunks: Buffer[] = []
  #size = 0

  /** Undefined where there were too many. */
  get bytes(): Buffer | undefined {
    return this.#size <= LIMIT ? Buffer.concat(this.#chunks) : undefined
  }

  /** The same chunks, remembered as long as they are not too many. */
  *keeping(chunks: Iterable<Buffer>): Generator<Buffer> {
    for (const chunk of chunks) {
      this.#size += chunk.length
      if (this.#size <= LIMIT) this.#chunks.push(Buffer.from(chunk))
      else this.#chunks = []
      yield chunk
    }
  }
}
