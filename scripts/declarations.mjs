// Declarations of the library. What tsc writes of questions is the inferred types of their schemas, each in full
// wherever it is used: 1.7 MB that nobody can read. Here they are printed from the schemas, each named schema an
// interface, with what its keys mean as comments; and only the declarations that the entries reach are kept.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { dataStrings } from './data.mjs'

const LIB = 'dist/lib'
const QUESTIONS = 'questions'

/** What is imported for the schemas that functions check, and for what every answer has. */
const HEAD = `import type { CpuidRow, MsrRow } from '../core/cpuid.ts'
import type { Note } from './words/note.ts'

/** What every answer has besides its own keys. */
export interface AnswerFrame {
  /** The version of the answers' keys. */
  readonly schema: 2
  /** What to know about the answer: a kind, its sentence, and what the kind brings with it. */
  readonly notes: readonly (Note & { readonly text: string })[]
}
`

/** Writes dist/lib. */
export async function writeDeclarations() {
  rmSync(LIB, { recursive: true, force: true })
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  })
  const { questions, modules, rows } = await loadSchemas()
  const printer = new Printer(modules, rows)
  const text = printer.print(questions)
  writeFileSync(join(LIB, QUESTIONS, 'table.d.ts'), text)
  // A module of schemas is declared as the types of its schemas.
  for (const [path, exported] of modules) {
    const names = Object.keys(exported).filter(name => printer.printed.has(name))
    const file = declarationOf(path)
    if (!existsSync(file)) continue
    const to = relative(dirname(file), join(LIB, QUESTIONS, 'table.ts'))
    const from = to.startsWith('.') ? to : `./${to}`
    writeFileSync(file, `export type { ${names.sort().join(', ')} } from '${from}'\n`)
  }
  writeFileSync(join(LIB, 'index.d.ts'), `export type * from './questions/table.ts'\n`, { flag: 'a' })
  prune()
}

const declarationOf = path => join(LIB, QUESTIONS, path.replace(/\.ts$/, '.d.ts'))

/** The questions, and what the modules of schemas export, by their paths below src/questions. */
async function loadSchemas() {
  const paths = readdirSync('src/questions', { recursive: true, encoding: 'utf8' })
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => /(?:^|\/)(?:answer|answer-parts)\.ts$/.test(path))
    .sort()
  const contents = `
    export { loadQuestions } from './src/questions/table.ts'
    export { leaves, msrs } from './src/questions/input/schemas.ts'
    ${paths.map((path, i) => `import * as m${i} from './src/questions/${path}'`).join('\n')}
    export const modules = [${paths.map((path, i) => `['${path}', m${i}]`)}]`
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    loader: { '.rng': 'text', '.sh': 'text' },
    define: { __VERSION__: '""' },
    plugins: [dataStrings()],
    external: ['libxml2-wasm', 'libxml2-wasm/*'],
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  const loaded = await import(`data:text/javascript;base64,${code}`)
  const rows = new Map([
    [loaded.leaves, 'CpuidRow[]'],
    [loaded.msrs, 'MsrRow[]'],
  ])
  return { questions: await loaded.loadQuestions(), modules: loaded.modules, rows }
}

/** Deletes what neither entry of the package reaches. */
function prune() {
  const reached = new Set()
  const reach = path => {
    if (reached.has(path)) return
    reached.add(path)
    for (const [, to] of readFileSync(path, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.ts['"]/g))
      reach(join(dirname(path), `${to}.d.ts`))
  }
  for (const name of ['index.d.ts', 'async.d.ts', 'node.d.ts']) reach(join(LIB, name))
  const all = readdirSync(LIB, { recursive: true, withFileTypes: true })
  for (const file of all) {
    const path = join(file.parentPath, file.name)
    if (file.isFile() && !reached.has(path)) rmSync(path)
  }
  for (const folder of all.filter(one => one.isDirectory()).reverse()) {
    const path = join(folder.parentPath, folder.name)
    if (readdirSync(path).length === 0) rmdirSync(path)
  }
}

const pascal = name => name.replace(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase())

/** Prints schemas as types. What is asked is written as valibot infers it, what is answered read-only. */
class Printer {
  /** The names that have been printed. */
  printed = new Set()
  #names = new Map()
  /** What the sources say of what they export, by name. */
  #docs = new Map()
  #rows
  #wanted = []
  #declarations = []

  constructor(modules, rows) {
    this.#rows = rows
    for (const [path, exported] of modules) {
      for (const [name, value] of Object.entries(exported)) {
        if (value?.kind !== 'schema' || !/^[A-Z]/.test(name)) continue
        for (const [schema, other] of this.#names)
          if (other === name && schema !== value)
            throw new Error(`${path}: a second schema is called ${name}`)
        this.#names.set(value, name)
      }
      const text = readFileSync(join('src', QUESTIONS, path), 'utf8')
      for (const [, doc, name] of text.matchAll(
        /^\/\*\*\s((?:(?!\*\/)[\s\S])*?)\s\*\/\nexport const (\w+)/gm,
      ))
        this.#docs.set(name, doc.replace(/\s*\n \* ?/g, ' ').trim())
    }
  }

  print(questions) {
    for (const question of questions) this.#question(question)
    const each = (suffix, doc) =>
      `\n/** ${doc} */\nexport interface Question${suffix}s {\n${questions
        .map(({ name }) => `  ${keyText(name)}: ${pascal(name)}${suffix === 'Input' ? suffix : 'Document'}\n`)
        .join('')}}\n`
    // What no question reaches is exported all the same.
    for (const schema of this.#names.keys()) this.#reference(schema)
    this.#declareWanted()
    return [
      HEAD,
      ...this.#declarations,
      each('Input', 'What each question takes, by its name.'),
      each('Answer', 'What each question returns, by its name.'),
      '\nexport type QuestionName = keyof QuestionAnswers\n',
      "\n/** The input of a question, by its name: `QuestionInput<'pools'>`. */",
      '\nexport type QuestionInput<Name extends QuestionName> = QuestionInputs[Name]\n',
      "\n/** The answer of a question, by its name, with its notes: `AnswerDocument<'pools'>`. */",
      '\nexport type AnswerDocument<Name extends QuestionName> = QuestionAnswers[Name]\n',
    ].join('')
  }

  #question({ name, summary, input, answer, reasons }) {
    const title = pascal(name)
    const explain = reasons
      ? [comment('Return the reasons too.', '  '), '  readonly explain?: boolean\n'].join('')
      : ''
    const taken = this.#type(input, 'input', '')
    this.#declare(`${title}Input`, `${summary}: what it takes.`, withKeys(taken, explain))
    const given = reasons
      ? [
          comment('The reasons, where they were asked for.', '  '),
          `  readonly explain?: ${this.#type(reasons, 'answer', '  ')}\n`,
        ].join('')
      : ''
    const frame = given ? `AnswerFrame & {\n${given}}` : 'AnswerFrame'
    const document = `${this.#operand(answer, 'answer', '')} & ${frame}`
    this.#declare(`${title}Document`, `${summary}: the answer.`, document)
    this.#declareWanted()
  }

  #declareWanted() {
    for (let schema = this.#wanted.shift(); schema; schema = this.#wanted.shift())
      this.#declareNamed(schema, this.#names.get(schema))
  }

  #declareNamed(schema, name) {
    const [first] = schema.pipe ?? []
    const type = first ? this.#type(first, 'answer', '') : this.#structure(schema, 'answer', '')
    this.#declare(name, this.#docs.get(name) ?? descriptionOf(schema), type)
  }

  #declare(name, doc, type) {
    this.printed.add(name)
    const body = /^\{[\s\S]*\}$/.test(type) && !/^\}./m.test(type)
    const declaration = body ? `export interface ${name} ${type}\n` : `export type ${name} = ${type}\n`
    this.#declarations.push(`\n${doc ? comment(doc, '') : ''}${declaration}`)
  }

  /** The name of a schema that has one, which is declared once. */
  #reference(schema) {
    const name = this.#names.get(schema)
    if (name !== undefined && !this.printed.has(name)) {
      this.printed.add(name)
      this.#wanted.push(schema)
    }
    return name
  }

  #type(schema, mode, indent) {
    const name = mode === 'answer' ? this.#reference(schema) : undefined
    if (name !== undefined) return name
    const [first] = schema.pipe ?? []
    return first ? this.#type(first, mode, indent) : this.#structure(schema, mode, indent)
  }

  /** A type that `[]` or `&` follows. */
  #operand(schema, mode, indent) {
    const type = this.#type(schema, mode, indent)
    if (/^\w+$/.test(type)) return type
    const core = coreOf(schema)
    return core.type === 'strict_object' || core.type === 'record' ? type : `(${type})`
  }

  #structure(schema, mode, indent) {
    const type = one => this.#type(one, mode, indent)
    const ofItems = mode === 'answer' ? 'readonly ' : ''
    switch (schema.type) {
      case 'string':
      case 'number':
      case 'boolean':
      case 'unknown':
        return schema.type
      case 'literal':
        return literal(schema.literal)
      case 'picklist':
        return schema.options.map(literal).join(' | ')
      case 'nullable':
        return `${type(schema.wrapped)} | null`
      case 'optional':
      case 'exact_optional':
        return type(schema.wrapped)
      case 'array':
        return `${ofItems}${this.#operand(schema.item, mode, indent)}[]`
      case 'record':
        return `{ ${ofItems}[key: string]: ${type(schema.value)} }`
      case 'union':
        return [...new Set(schema.options.map(type))].join(' | ')
      case 'lazy':
        return type(schema.getter())
      case 'custom':
        if (this.#rows.has(schema)) return `${ofItems}${this.#rows.get(schema)}`
        break
      case 'strict_object':
        return this.#object(schema, mode, indent)
      case 'loose_object':
        return `${this.#object(schema, mode, indent).slice(0, -1)}${indent}  ${ofItems}[key: string]: unknown }`
    }
    throw new Error(`no type for a schema of type ${schema.type}`)
  }

  #object({ entries }, mode, indent) {
    const inner = `${indent}  `
    const keys = Object.entries(entries).map(([key, schema]) => {
      const sign = /optional$/.test(schema.type) ? '?' : ''
      // An optional key of an answer is absent or has a value; one of an input may be undefined too.
      const undef = schema.type === 'optional' ? ' | undefined' : ''
      const doc = descriptionOf(schema)
      const readonly = mode === 'answer' ? 'readonly ' : ''
      const type = this.#type(schema, mode, inner)
      return `${doc ? comment(doc, inner) : ''}${inner}${readonly}${keyText(key)}${sign}: ${type}${undef}\n`
    })
    return keys.length === 0 ? '{}' : `{\n${keys.join('')}${indent}}`
  }
}

/** A schema without what pipes add, and what a lazy one stands for. */
function coreOf(schema) {
  const inner = schema.pipe?.[0] ?? (schema.type === 'lazy' ? schema.getter() : schema)
  return inner === schema ? schema : coreOf(inner)
}

/** An object type with further keys. */
const withKeys = (type, keys) =>
  keys === '' ? type : type === '{}' ? `{\n${keys}}` : `${type.slice(0, -1)}${keys}}`

const literal = value =>
  typeof value === 'string' ? `'${value.replace(/['\\]/g, '\\$&')}'` : JSON.stringify(value)

const keyText = key => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : literal(key))

function descriptionOf(schema) {
  const own = schema.pipe?.findLast(({ type }) => type === 'description')?.description
  const inner = schema.wrapped ?? schema.pipe?.[0]
  return own ?? (inner && inner !== schema ? descriptionOf(inner) : undefined)
}

const comment = (text, indent) => `${indent}/** ${text.replaceAll('*/', '*\u200b/')} */\n`

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeDeclarations()
