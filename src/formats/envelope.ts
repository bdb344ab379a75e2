import { ParseError } from '../core/parse-error.ts'

/** What one machine wrote of a text, without what programs and people put around it. */
export interface Part {
  readonly text: string
  /** What the prefix of the lines, the head above them or the prompt calls the machine. */
  readonly called?: string | undefined
  /** How many lines of the text stand before it. */
  readonly before: number
}

const NAME = '[A-Za-z0-9](?:[\\w.-]*[A-Za-z0-9])?'

/** Prefixes that every line may have; the group is the machine's name. */
const PREFIXES: readonly RegExp[] = [
  // journalctl, syslog
  new RegExp(`^[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d (${NAME}) [^\\s:]+: ?(?:\\[ *\\d+\\.\\d+\\] ?)?`),
  // dmesg
  /^\[ *\d+\.\d+\] ?()/,
  new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[\\d:.,]+(?:Z|[+-]\\d\\d:?\\d\\d)? (${NAME}) [^\\s:]+\\[\\d+\\]: ?`),
  /^\[?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\]? ?()/,
  /^> ?()/,
  // cat -n, grep -n, what diff adds
  /^ *\d+(?:[:\t]| {2})()/,
  /^\+()/,
  // pdsh, clush, and what loops over ssh print
  new RegExp(`^(${NAME}): ?`),
]

/** What pdsh says of itself. */
const BY_PDSH = /^(?:pdsh|clush)(?:@\S+)?: /

/** Heads above what a machine wrote: its name, and what of it stands in the same line. */
const HEADS: readonly RegExp[] = [
  new RegExp(
    `^(?:-{2,}|={2,}|#{2,}|\\*{2,}|>{2,})[ \\t]*(${NAME}):?[ \\t]*(?:-{2,}|={2,}|#{2,}|\\*{2,}|<{2,})?()$`,
  ),
  /^==> ?(\S+?) ?<==()$/,
  new RegExp(`^(${NAME}) \\| [A-Z]+!?(?: \\| rc=-?\\d+)?(?: (?:=>|>>)| \\|)[ \\t]*(.*)$`),
]

/** `user@host:~$ command`, `[root@host ~]# command`. */
const PROMPT = new RegExp(
  `^(?:\\[?[\\w.-]+@(${NAME})(?::| )?[^\\s#$%>]*\\]?[ \\t]?[#$%>](?:[ \\t]|$)|[$%] (?=\\S))`,
)

/** A prompt of root's, or a command as \`set -x\` shows it: only before commands that print what is read here. */
const COMMAND =
  /^[#+] (?:sudo |ssh |cat |virsh |lscpu\b|cpuid\b|grep |kubectl |oc |pvesh |qm |xe |incus |lxc |openstack |ld\.so|\/)/

const FENCE = /^[ \t]*(?:```|~~~)/

/** Heads that say what follows, not where it was written. */
const NO_HOST =
  /^(?:cpu|cpuinfo|lscpu|cpuid|flags|capabilities|domcapabilities|output|stdout|xml|json|host|\d+)$/i

/**
 * The parts of a text that stand under heads, behind prompts and prefixes or in fences, each with its machine's name
 * where that is told; the text as it is where it has none of those, or where what they leave is nothing that is read.
 * @param readable whether a text is in a dialect
 */
export function splitEnvelope(text: string, readable: (text: string) => boolean): Part[] {
  const whole = [{ text, before: 0 }]
  if (/^\s*(?:<|\{|\[\s*[[{"\d])/.test(text) && !DMESG.test(text)) {
    const outputs = /"stdout"\s*:/.test(text) && !readable(text) ? outputsIn(text) : []
    return outputs.length > 0 ? outputs : whole
  }
  const all = text.split(/\r\n|[\n\r]/)
  const lines = withoutMargin(all)
  const parts = prefixed(lines, readable(text) ? 2 : 1) ?? [{ called: undefined, lines, before: 0 }]
  const cut = parts.flatMap(cutAtHeads)
  if (cut.length === 1 && cut[0]?.lines === lines)
    return (
      documentsIn(text, readable) ??
      unwrapped(lines === all ? whole : [{ text: lines.join('\n'), before: 0 }])
    )
  const found = cut
    .map(({ lines: own, ...part }) => ({ ...part, text: own.join('\n') }))
    .filter(part => part.text.trim() !== '')
  const bare = unwrapped(found)
  const read = bare.filter(part => readable(part.text))
  const tried = bare.filter(part => !FAILED.test(part.text))
  const [first] = bare
  const begins = first !== undefined && (first === read[0] || first.called !== undefined)
  return begins && read.length * 2 > tried.length ? bare : (documentsIn(text, readable) ?? whole)
}

/** What stands where a command failed, by Ansible and shells. */
const FAILED =
  /^\s*\{\s*"(?:changed|msg|unreachable)"|non-zero return code|(?:command )?not found\b|^\s*error: /

/** Quotation marks of mail, one a level, and blanks that all lines begin with. */
function withoutMargin(lines: string[]): string[] {
  const filled = lines.filter(line => line.trim() !== '')
  const quoted = filled.length > 0 && filled.every(line => /^[ \t]*>/.test(line))
  if (quoted) return withoutMargin(lines.map(line => line.replace(/^[ \t]*> ?/, '')))
  const margin = filled.reduce((least, line) => Math.min(least, line.search(/[^ \t]|$/)), Infinity)
  return margin > 0 && filled.length > 0 ? lines.map(line => line.slice(margin)) : lines
}

/** A whole document about a host or a guest, also behind what a log says of it; what holds one in fences may be about anything. */
const DOCUMENT =
  /(?:^|(?<=[:=]))[ \t]*<(capabilities|domainCapabilities|domain)(?=[\s>])[\s\S]*?^[ \t]*<\/\1>/gm

/** The documents that stand in a log or a message; undefined where there is none, or where the text itself is read. */
function documentsIn(text: string, readable: (text: string) => boolean): Part[] | undefined {
  if (readable(text) || /^[ \t]*(?:```|~~~)/m.test(text)) return undefined
  const parts = [...text.matchAll(DOCUMENT)].map(match => ({
    text: match[0],
    before: text.slice(0, match.index).split('\n').length - 1,
  }))
  return parts.length > 0 ? parts : undefined
}

/** What programs printed, of results of Ansible's as JSON, by the hosts that they are told of. */
function outputsIn(text: string): Part[] {
  const parts: Part[] = []
  const visit = (value: unknown, called?: string): void => {
    if (typeof value !== 'object' || value === null) return
    const { stdout, item, hosts } = value as Readonly<Record<string, unknown>>
    const name = typeof item === 'string' ? item : called
    if (typeof stdout === 'string') parts.push({ text: stdout, called: name, before: 0 })
    else
      for (const inner of Object.values(value))
        if (inner !== hosts) visit(inner, name)
        else for (const [host, own] of Object.entries(hosts ?? {})) visit(own, host)
  }
  try {
    visit(JSON.parse(text))
  } catch {
    // A reader says what is wrong with it.
  }
  return parts
}

/** The kernel's time of a line, which is no JSON. */
const DMESG = /^\s*\[ *\d+\.\d+\] /

interface Lines {
  readonly called?: string | undefined
  readonly lines: string[]
  readonly before: number
}

/** The lines without the prefix that all have, by the name in it; undefined where they have none. */
function prefixed(lines: readonly string[], least: number): Lines[] | undefined {
  const prefix = PREFIXES.find(one =>
    lines.every(line => line.trim() === '' || BY_PDSH.test(line) || one.test(line)),
  )
  if (!prefix) return undefined
  const byName = new Map<string, Lines>()
  lines.forEach((line, before) => {
    const [whole, name] = BY_PDSH.test(line) ? [] : (prefix.exec(line) ?? [])
    if (whole === undefined || name === undefined) return
    const own = byName.get(name) ?? { called: name || undefined, lines: [], before }
    byName.set(name, own)
    own.lines.push(line.slice(whole.length))
  })
  const all = [...byName.values()]
  return all.length > 0 && all.every(({ lines: own }) => own.length >= least) ? all : undefined
}

interface Head {
  /** Empty: it has no name. */
  readonly name: string
  /** What of the part stands in the same line. */
  readonly rest: string
  /** How many lines it takes. */
  readonly length: number
}

/** The part, or what stands under each head and prompt in it; a fence goes. */
function cutAtHeads(part: Lines): Lines[] {
  const { lines, called, before } = part
  const cut: Lines[] = [{ called, lines: [], before }]
  let fenced = false
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const head = headAt(lines, i)
    if (head) {
      const name = head.name === '' || NO_HOST.test(head.name) ? cut.at(-1)?.called : head.name
      i += head.length - 1
      cut.push({
        called: name,
        lines: head.rest ? [head.rest] : [],
        before: before + i + (head.rest ? 0 : 1),
      })
    } else if (FENCE.test(line)) {
      fenced = true
      // Lines keep their numbers.
      cut.at(-1)?.lines.push('')
    } else cut.at(-1)?.lines.push(line)
  }
  return cut.length === 1 && !fenced ? [part] : cut
}

const RULE = /^(?:-{4,}|={4,})$/
const NODES = /^[A-Za-z0-9][\w.,[\]-]*$/

function headAt(lines: readonly string[], i: number): Head | undefined {
  const [line = '', name = '', below = ''] = lines.slice(i, i + 3)
  // dshbak and clush print a name between two rules.
  if (RULE.test(line) && RULE.test(below) && NODES.test(name)) return { name, rest: '', length: 3 }
  for (const head of HEADS) {
    const [, named, rest = ''] = head.exec(line) ?? []
    if (named !== undefined) return { name: named.replace(PATH, ''), rest, length: 1 }
  }
  const prompt = PROMPT.exec(line)
  if (prompt || COMMAND.test(line)) return { name: prompt?.[1] ?? '', rest: commandIn(line), length: 1 }
  return undefined
}

/** A command that is itself what is read: from the word that names QEMU, which `-cpu` follows. */
function commandIn(line: string): string {
  const before = line.slice(0, Math.max(line.lastIndexOf(' -cpu '), 0))
  const at = before.search(/(?<!\S)\S*(?:qemu-system-|qemu-kvm|\bkvm\b)/)
  return at < 0 ? '' : line.slice(at)
}

/** What of a file's path, in a head, is no name. */
const PATH = /^.*\/|\.(?:txt|xml|json|out|log)$/g

/** Without the marks of one document: backticks, HTML's escapes, a result of Ansible's. */
const unwrapped = (parts: readonly Part[]): Part[] =>
  parts.map(part => ({ ...part, text: withoutMarks(part.text) }))

function withoutMarks(text: string): string {
  if (/^\s*`[^`]/.test(text)) return text.replace(/^\s*`/, '').replace(/`\s*$/, '\n')
  if (/^\s*&lt;/.test(text))
    return text.replace(/&(lt|gt|quot|apos|#39|amp);/g, (_, name) => CHARACTERS[name] ?? '')
  if (/^\s*\(stdout\) /.test(text)) return text.replace(/^\s*\(stdout\) /, '').replaceAll('\\n', '\n')
  return (/^\s*\{[\s\S]*"stdout"\s*:/.test(text) && outputsIn(text)[0]?.text) || text
}

const CHARACTERS: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  '#39': "'",
  amp: '&',
}

/** The fault of a part as one of the text. */
export const inText = (error: unknown, { before }: Pick<Part, 'before'>): unknown =>
  error instanceof ParseError && error.line > 0 && before > 0
    ? new ParseError(error.what, error.source, error.line + before, error.column, error.excerpt, {
        caret: error.caret,
        cause: error.cause,
      })
    : error
