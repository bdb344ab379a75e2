// A page for each question: what it takes and returns, by its schemas, with an example that was asked.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { cell, plain } from './commands.mjs'

/** Pages by name. */
export function questionPages(root, { questions, examples, api }) {
  const answers = ask(
    root,
    questions.map(({ name }) => ({ verb: name, ...examples[name] })),
  )
  const pages = new Map(
    questions.map((question, i) => [
      question.name,
      questionPage(question, examples[question.name], api, answers[i]),
    ]),
  )
  pages.set('index', indexPage(questions))
  return pages
}

/** The JSON Schemas of each question, by file name. */
export const questionSchemas = ({ questions, api }) =>
  questions.flatMap(({ name }) => {
    const { takes, returns } = schemasOf(name, api)
    return [
      [`${name}.request.json`, takes],
      [`${name}.answer.json`, returns],
    ]
  })

function schemasOf(name, api) {
  const { requestBody, responses } = api.paths[`/v1/${name}`].post
  return {
    takes: requestBody.content['application/json'].schema,
    returns: responses[200].content['application/json'].schema,
  }
}

const ask = (root, requests) =>
  execFileSync(process.execPath, [join(root, 'dist/cli.cjs'), 'batch'], {
    encoding: 'utf8',
    input: requests.map(request => JSON.stringify(request)).join('\n'),
    maxBuffer: 2 ** 28,
  })
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

function questionPage({ name, summary }, example, api, answer) {
  const { takes, returns } = schemasOf(name, api)
  return `# ${name}

**${plain(summary)}.**

\`\`\`text
POST /v1/${name}                    over HTTP
{"verb": "${name}", …}              a line of virt-cpu batch
ask({ verb: '${name}', … })         in the library, or its function
\`\`\`

## It takes

${keyTable(takes)}

## It returns

${keyTable(returns)}

## Example

\`\`\`json
${shorten({ verb: name, ...example })}
\`\`\`

${answer.error ? 'It needs a program, so that there is no answer here.' : `\`\`\`json\n${shorten(answer)}\n\`\`\``}

Texts and lists are cut here where they are long.

## Schemas

[The request's](/schema/${name}.request.json){target="_self"} and [the answer's](/schema/${name}.answer.json){target="_self"}, as JSON Schema.
`
}

/** The keys of an object's schema, two levels deep. */
function keyTable(schema) {
  const rows = [...rowsOf(schema, '', 2)]
  return rows.length > 0 ? `| key | is | means |\n| --- | --- | --- |\n${rows.join('\n')}` : 'Nothing.'
}

function* rowsOf(schema, prefix, depth) {
  const seen = new Set()
  for (const part of alternatives(schema)) {
    for (const [key, value] of Object.entries(part.properties ?? {})) {
      if (seen.has(key)) continue
      seen.add(key)
      const needed = (part.required ?? []).includes(key) ? '' : '?'
      yield `| \`${prefix}${key}${needed}\` | ${typeCell(value)} | ${cell(value.description ?? '')} |`
      const inner = insideOf(value)
      if (depth > 1 && inner) yield* rowsOf(inner.schema, `${prefix}${key}${inner.sign}`, depth - 1)
    }
  }
}

const alternatives = schema => schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [schema]

const hasKeys = schema => alternatives(schema).some(part => part.properties)

/** The object that a value is, or is a list of. */
function insideOf(value) {
  if (value.items && hasKeys(value.items)) return { schema: value.items, sign: '[].' }
  if (hasKeys(value)) return { schema: value, sign: '.' }
}

function typeCell(schema) {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum) return schema.enum.map(one => `\`${one}\``).join(' ')
  const parts = schema.anyOf ?? schema.oneOf
  if (parts) return [...new Set(parts.map(typeCell))].join(' or ')
  if (schema.type === 'array') return `list of ${schema.items ? plural(typeCell(schema.items)) : 'anything'}`
  if (schema.type === 'object' && schema.additionalProperties?.type) return 'map'
  return schema.type ?? 'anything'
}

const plural = word => (/^(?:string|number|integer|object)$/.test(word) ? `${word}s` : word)

const LONG_TEXT = 100
const LONG_LIST = 4

/** JSON that fits a page. */
function shorten(value) {
  const short = JSON.stringify(
    value,
    (_, one) => {
      if (typeof one === 'string' && one.length > LONG_TEXT) return `${one.slice(0, LONG_TEXT)}…`
      return Array.isArray(one) && one.length > LONG_LIST ? [...one.slice(0, LONG_LIST), '…'] : one
    },
    1,
  )
  const lines = short
    .replace(/\[\s+([^[\]{}]{1,80}?)\s+\]/g, (_, inner) => `[${inner.replace(/\s*\n\s*/g, ' ')}]`)
    .split('\n')
  return lines.length > 90 ? [...lines.slice(0, 90), '…'].join('\n') : lines.join('\n')
}

const indexPage = questions => `# Questions

Everything that virt-cpu answers is one table of questions. The command, \`virt-cpu batch\`, HTTP, the library and the page ask the same
table, so that they cannot disagree. A request is one JSON object, and so is the answer. [JSON](/cli.md#batch) says what all have in common: \`schema\`, \`notes\`, errors, parts of long answers.
All schemas are in one file, [questions.json](/schema/questions.json){target="_self"}.

| question | |
| --- | --- |
${questions.map(({ name, summary }) => `| [\`${name}\`](${name}.md) | ${cell(summary)} |`).join('\n')}
`
