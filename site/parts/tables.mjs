// Pages that are tables of what is in the source: dialects, features, models, routes.
import { cell, plain } from './commands.mjs'

/** What to try with a document, by what it is about. */
const COMMANDS = {
  host: 'virt-cpu hosts FILE',
  guest: 'virt-cpu convert FILE --format libvirt',
  hypervisor: 'virt-cpu models FILE',
}

export const dialectsPage = ({ dialects, printers }) => `# Formats that are read

${dialects.length} dialects. Nobody has to say which one a file is in: each dialect looks for a mark that no other has, the first that finds its own reads the
text, and a test holds that no sample is taken by two. What stands around a text, and how several are told apart, is in [Formats](/formats.md). **Not in
the list?** [Add it](/contributing.md#add-an-input-dialect): a file and a line in a table.

| dialect | what it is | about | a command that reads it |
| --- | --- | --- | --- |
${dialects.map(dialectRow).join('\n')}

## Written

With \`--format\` of \`convert\`, \`cpu-baseline\`, \`explain\`, \`pools\` and others. What a format cannot say is listed beside the answer.

| format | what it is |
| --- | --- |
${printers.map(({ name, title }) => `| \`${name}\` | ${cell(title)} |`).join('\n')}

## How each begins

The mark by which a dialect is known is nearly always in its first lines. Each sample is of our own making and read by a test.

${dialects
  .filter(({ sample }) => sample)
  .map(
    ({ name, title, sample }) =>
      `### ${name} {#d-${name.replaceAll('.', '-')}}\n\n${plain(title)}\n\n\`\`\`text\n${firstLines(sample.text)}\n\`\`\``,
  )
  .join('\n\n')}
`

const dialectRow = ({ name, title, about, sample }) =>
  `| ${sample ? `[\`${name}\`](#d-${name.replaceAll('.', '-')})` : `\`${name}\``} | ${cell(title)} | ${about.join(', ') || 'host'} | \`${COMMANDS[about[0] ?? 'host']}\` |`

/** The first lines of a text, none of them long. */
function firstLines(text) {
  const lines = text.replaceAll('\0', '').split('\n')
  const short = lines.slice(0, 8).map(line => (line.length > 110 ? `${line.slice(0, 110)}…` : line))
  return [...short, ...(lines.length > 8 ? ['…'] : [])].join('\n').replaceAll('```', "'''").trimEnd()
}

export const featuresPage = ({ features }) => `---
aside: false
outline: false
---
# Features

The ${features.length} features of x86 that libvirt knows: where each is, what it is, by which [order](/concepts.md#orders) it is compared, and what else it is
called. \`virt-cpu name WORD\` says more of each: what it needs, and which models have it.

<FeatureTable />
`

export const modelsPage = ({ families }) => `---
aside: false
---
# Models

The CPU models of x86, as they descend from each other: each version is the difference to what it stands on. \`virt-cpu tree MODEL\` prints one family;
\`virt-cpu cpu-models ARCH\` the names that libvirt knows of an architecture; \`virt-cpu models FLEET\` those that your hosts can give.

${families.map(familySection).join('\n\n')}
`

const familySection = family =>
  `## ${family.name}\n\n${plain([family.note, family.vendor, family.parent && `from ${family.parent}`].filter(Boolean).join('; '))}\n\n| version | | changes | features |\n| --- | --- | --- | --- |\n${family.steps.map(stepRow).join('\n')}`

function stepRow({ names, note, onlyIn, adds, removes, size }) {
  const all = [...adds.map(name => `+${name}`), ...removes.map(name => `−${name}`)]
  const changes = all.length > 24 ? `${all.slice(0, 24).join(' ')} … ${all.length - 24} more` : all.join(' ')
  return `| ${names.map(name => `\`${name}\``).join(' ')} | ${cell([note, onlyIn].filter(Boolean).join('; '))} | ${cell(changes)} | ${size} |`
}

/** The groups of the routes, by their tags. */
const TAGS = {
  questions: 'Questions and jobs',
  inventory: 'The inventory (`serve --store`)',
  access: 'Tokens and the audit log',
  server: 'The server',
}

export function routesPage({ api }) {
  const routes = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => ({ path, method: method.toUpperCase(), ...route })),
  )
  const sections = Object.entries(TAGS).map(([tag, title]) => {
    const its = routes.filter(({ tags }) => tags?.[0] === tag)
    return `## ${title}\n\n| route | |\n| --- | --- |\n${its.map(routeRow).join('\n')}`
  })
  return `# HTTP

\`virt-cpu serve\` answers these. [serve](/serve.md) says who may ask, what the statuses mean, and how long answers go on as jobs; a running server describes
itself at \`/v1/openapi.json\`.

${sections.join('\n\n')}
`
}

const routeRow = ({ path, method, summary, operationId, tags }) => {
  const isQuestion = method === 'POST' && tags[0] === 'questions'
  const route = `\`${method} ${path}\``
  return `| ${isQuestion ? `[${route}](questions/${operationId}.md)` : route} | ${cell(summary)} |`
}
