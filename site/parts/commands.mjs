// A page for each command, from its help text, as scripts/shell-files.mjs makes the manual.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** Pages by name, and the groups of the sidebar. */
export function commandPages(root) {
  const printed = (...args) =>
    execFileSync(process.execPath, [join(root, 'dist/cli.cjs'), ...args], { encoding: 'utf8' })
  const [, options = '', commands = ''] =
    /\n {2}options:\n([\s\S]*?)\n\n([\s\S]*?)\n\n {2}`virt-cpu COMMAND/.exec(printed('--help')) ?? []
  const groups = commands.split('\n\n').map(group => {
    const [heading = '', ...lines] = group.split('\n')
    return { title: heading.trim().replace(/:$/, ''), names: lines.map(line => line.trim().split(/\s+/)[0]) }
  })
  const help = new Map(
    groups.flatMap(({ names }) => names).map(name => [name, partsOf(printed(name, '--help'))]),
  )
  const pages = new Map([...help].map(([name, parts]) => [name, commandPage(name, parts)]))
  pages.set('index', indexPage(groups, help, options))
  return { pages, groups }
}

/** What stands under each head of a help text. */
const partsOf = text =>
  text
    .split(/^ {2}(?=[A-Z])/m)
    .slice(1)
    .map(part => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1).trimEnd()])

const summaryOf = parts => (parts.find(([head]) => head === 'NAME')?.[1] ?? '').trim().replace(/^\S+ - /, '')

function commandPage(name, parts) {
  const sections = parts.map(([head, body]) => section(head, body))
  return `# ${name}\n\n${sections.filter(Boolean).join('\n\n')}\n\nEvery word of this page is \`virt-cpu ${name} --help\`.\n`
}

function section(head, body) {
  if (head === 'NAME') return `**${plain(body.trim().replace(/^\S+ - /, ''))}.**`
  if (head === 'SYNOPSIS') return `\`\`\`text\n${dedent(body)}\n\`\`\``
  if (head === 'EXAMPLE')
    return `## Example\n\n\`\`\`sh\n${dedent(body)}\n\`\`\`\n\nIt runs in the [package's folder](/install.md): the files are in it.`
  if (!head.startsWith('OPTIONS')) return plain(body.replace(/^ +/gm, ''))
  const title = head === 'OPTIONS' ? 'Options' : 'Options that virsh does not have'
  return `## ${title}\n\n| option | does |\n| --- | --- |\n${body
    .replace(/\n {8,}/g, '  ')
    .split('\n')
    .map(optionRow)
    .join('\n')}`
}

function optionRow(line) {
  const [, option = '', text = ''] = /^\s*(.*?)(?: {2,}(.*))?$/.exec(line) ?? []
  return `| \`${option.replaceAll('|', '\\|')}\` | ${cell(text.replace(/ {2,}/g, ' '))} |`
}

function indexPage(groups, help, options) {
  const tables = groups.map(
    ({ title, names }) =>
      `## ${title[0]?.toUpperCase()}${title.slice(1)}\n\n| command | |\n| --- | --- |\n${names
        .map(name => `| [\`${name}\`](${name}.md) | ${cell(summaryOf(help.get(name) ?? []))} |`)
        .join('\n')}`,
  )
  return `# Commands

One page for each, made of \`--help\`. [The command](/cli.md) says how they fit together; [in five minutes](/start/index.md) where to begin.

${tables.join('\n\n')}

## Global options

\`\`\`text
${dedent(options)}
\`\`\`

## Exit status

| status | virsh's commands | all others |
| --- | --- | --- |
| 0 | done | done; yes |
| 1 | the answer is no, or an error | the answer is no |
| 2 | | an error: input, usage, or a program that is missing |
`
}

const dedent = text => {
  const lines = text.split('\n')
  const least = Math.min(...lines.filter(line => line.trim()).map(line => line.search(/\S/)))
  return lines
    .map(line => line.slice(least))
    .join('\n')
    .trimEnd()
}

/** Text in which nothing means anything to Markdown or Vue. */
export const plain = text =>
  text.replace(/[<>&*_[\]{}|\\]/g, sign => `&#${sign.charCodeAt(0)};`).replaceAll('`', '`')

/** The same in a cell of a table: what stands between backticks is code. */
export const cell = text =>
  text
    .split(/(`[^`]+`)/)
    .map((part, i) => (i % 2 ? part.replaceAll('|', '\\|') : plain(part)))
    .join('')
    .replace(/\n+/g, ' ')
