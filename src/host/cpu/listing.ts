/** A program for x86-64, as bytes. */
export interface AssembledProgram {
  readonly bytes: Uint8Array
  /** What each instruction is and where it begins, in order; targets of jumps are offsets. */
  readonly instructions: readonly { readonly at: number; readonly text: string }[]
}

/**
 * Assembles a listing: `label:  BYTES  | instruction | why`, one instruction a line. Bytes are hexadecimal pairs;
 * `>label` stands for the one byte that a short jump's distance takes.
 * @throws RangeError for a label that is not there or too far away
 */
export function assembleProgram(listing: string): AssembledProgram {
  const lines = listing.split('\n').flatMap(parseLine)
  const starts: number[] = []
  const labels = new Map<string, number>()
  let size = 0
  for (const { label, tokens } of lines) {
    if (label !== undefined) labels.set(label, size)
    starts.push(size)
    size += tokens.length
  }
  const offset = (label: string) => findLabel(labels, label)
  return {
    bytes: Uint8Array.from(
      lines.flatMap(({ tokens }, i) => {
        const end = (starts[i] ?? 0) + tokens.length
        return tokens.map(token =>
          token.startsWith('>') ? encodeDistance(offset(token.slice(1)) - end) : Number.parseInt(token, 16),
        )
      }),
    ),
    instructions: lines.map(({ text }, i) => ({
      at: starts[i] ?? 0,
      text: text.replace(/>(\w+)/, (_, label: string) => `0x${offset(label).toString(16)}`),
    })),
  }
}

interface Line {
  readonly label: string | undefined
  readonly tokens: readonly string[]
  readonly text: string
}

function parseLine(line: string): Line[] {
  const [, label, bytes = '', text = ''] = /^\s*(?:(\w+):)?([^|]*)\|([^|]*)/.exec(line) ?? []
  const tokens = bytes.trim().split(/\s+/)
  return text === '' ? [] : [{ label, tokens, text: text.trim() }]
}

function findLabel(labels: ReadonlyMap<string, number>, label: string): number {
  const at = labels.get(label)
  if (at === undefined) throw new RangeError(`no label ${label}`)
  return at
}

function encodeDistance(bytes: number): number {
  if (bytes < -128 || bytes > 127) throw new RangeError(`${bytes} bytes are too far for a short jump`)
  return bytes & 0xff
}
