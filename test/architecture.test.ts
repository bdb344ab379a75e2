import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

/** Layers from bottom to top. A file imports its own layer and those below it. */
const LAYERS = [
  'core',
  'xml',
  'report',
  'map',
  'arch',
  'formats',
  'qemu',
  'fleet',
  'questions',
  'host',
  'inventory',
  'http',
  'cli',
]

/** Layers that must not import these, although they stand above them. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  http: ['host'],
  inventory: ['host'],
}

/** The public entries may import what they offer. */
const ENTRIES: Readonly<Record<string, string>> = {
  'index.ts': 'questions',
  'async.ts': 'questions',
  'node.ts': 'host',
}

/** Node's modules, the clock, the environment and randomness belong to these layers alone. */
const IMPURE = ['host', 'inventory', 'cli']

const root = join(import.meta.dirname, '..', 'src')

function files(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap(name => {
    const path = join(folder, name)
    if (statSync(join(root, path)).isDirectory()) return files(path)
    return /\.tsx?$/.test(name) && !name.endsWith('.d.ts') ? [path] : []
  })
}

const layerOf = (path: string): string | undefined =>
  ENTRIES[path] ?? LAYERS.find(layer => path.startsWith(`${layer}/`))

/** The code without comments, where words such as `process.` are only talk. */
const codeOf = (path: string): string =>
  readFileSync(join(root, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '$1')

const targets = (code: string): string[] =>
  [...code.matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map(match => match[1] ?? '')

const imports = (path: string): string[] => targets(codeOf(path))

const sources = files('.').map(path => normalize(path))

test('there are at most 450 source files', () => {
  expect(sources.length).toBeLessThanOrEqual(450)
})

test('every source file belongs to a layer', () => {
  expect(sources.filter(path => layerOf(path) === undefined)).toEqual([])
})

test('no import points up or sideways', () => {
  const faults = sources.flatMap(path => {
    const rank = LAYERS.indexOf(layerOf(path) ?? '')
    return imports(path)
      .filter(name => name.startsWith('.') && !name.endsWith('.txt'))
      .map(name => normalize(join(dirname(path), name)))
      .filter(target => LAYERS.indexOf(layerOf(target) ?? '') > rank)
      .map(target => `${path} imports ${target}`)
  })
  expect(faults).toEqual([])
})

test('layers that stand beside each other know nothing of each other', () => {
  const faults = sources.flatMap(path =>
    imports(path)
      .filter(name => name.startsWith('.'))
      .map(name => layerOf(normalize(join(dirname(path), name))) ?? '')
      .filter(target => BESIDE[layerOf(path) ?? '']?.includes(target))
      .map(target => `${path} imports ${target}`),
  )
  expect(faults).toEqual([])
})

test('no architecture knows another', () => {
  const folderOf = (path: string) => /^arch\/(\w+)\//.exec(path)?.[1]
  const faults = sources.flatMap(path =>
    imports(path)
      .filter(name => name.startsWith('.'))
      .map(name => normalize(join(dirname(path), name)))
      .filter(target => {
        const [own, other] = [folderOf(path), folderOf(target)]
        return own !== undefined && other !== undefined && own !== other
      })
      .map(target => `${path} imports ${target}`),
  )
  expect(faults).toEqual([])
})

/** What the rest sees of `src/arch`: the one list, libvirt's questions, and the types of both. */
const ARCH_ENTRIES = ['registry', 'operations', 'driver', 'dialogue'].map(name => `arch/${name}.ts`)

test('nobody imports below the registry of architectures', () => {
  const others = ['../conformance', '../bench', '../scripts', '../web'].flatMap(folder => files(folder))
  const faults = [...sources, ...others]
    .filter(path => layerOf(path) !== 'arch')
    .flatMap(path =>
      imports(path)
        .map(name => normalize(join('src', dirname(path), name)).replace(/^src\//, ''))
        .filter(target => layerOf(target) === 'arch' && !ARCH_ENTRIES.includes(target))
        .map(target => `${path} imports ${target}`),
    )
  expect(faults).toEqual([])
})

test('from core to questions nothing asks Node, the clock, the environment or chance', () => {
  const pure = sources.filter(path => !IMPURE.includes(layerOf(path) ?? ''))
  const faults = pure.flatMap(path => {
    const calls = /\b(?:process\.|Date\.now|new Date\(|Math\.random|performance\.)/.exec(codeOf(path))
    return [...imports(path).filter(name => name.startsWith('node:')), ...(calls ? [calls[0]] : [])].map(
      what => `${path}: ${what}`,
    )
  })
  expect(faults).toEqual([])
})

/** Every source and every file of the page. */
const code = [...sources, ...files('../web').map(path => normalize(path))]

const placesOf = (path: string, names: readonly string[]): string[] =>
  names.filter(name => /^\..*\.tsx?$/.test(name)).map(name => normalize(join(dirname(path), name)))

/** The files that a file imports, at once or when it needs them. */
const importsOf = (path: string): string[] => placesOf(path, imports(path))

/** Those that it imports at once. */
const importedBy = (path: string): string[] =>
  placesOf(
    path,
    [...codeOf(path).matchAll(/(?:from|import) '([^']+)'/g)].map(([, name = '']) => name),
  )

test('no import leads round in a circle', () => {
  const graph = new Map(code.map(path => [path, importsOf(path)]))
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
    if (trail.includes(path) || done.has(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of code) visit(path, [])
  expect(circles).toEqual([])
})

test('what is loaded when it is needed is not loaded at once as well', () => {
  const loadedAtOnce = (path: string, known = new Set<string>()): Set<string> => {
    const needed = [...codeOf(path).matchAll(/^(?:import|export) (?!type )[^']*?from '([^']+)'/gm)]
    for (const target of placesOf(
      path,
      needed.map(([, name = '']) => name),
    )) {
      if (known.has(target)) continue
      known.add(target)
      loadedAtOnce(target, known)
    }
    return known
  }
  const faults = code.flatMap(path => {
    const late = [...codeOf(path).matchAll(/await import\('([^']+)'\)/g)].map(([, name = '']) => name)
    const atOnce = late.length > 0 ? loadedAtOnce(path) : new Set()
    return placesOf(path, late).flatMap(target => (atOnce.has(target) ? `${path} loads ${target}` : []))
  })
  expect(faults).toEqual([])
})

/** Files that a folder of their kind always has, however short they are. */
const FIXED_FILES = ['question.ts', 'answer.ts', 'compute.ts', 'report.ts', 'driver.ts']

test('no file under 40 lines has a single reader in its own folder', () => {
  const readers = new Map<string, string[]>()
  for (const path of code) {
    for (const target of new Set(importedBy(path)))
      readers.set(target, [...(readers.get(target) ?? []), path])
  }
  const faults = code.filter(path => {
    const [reader, ...others] = readers.get(path) ?? []
    if (reader === undefined || others.length > 0 || dirname(reader) !== dirname(path)) return false
    const lines = readFileSync(join(root, path), 'utf8').split('\n').length - 1
    return lines < 40 && !FIXED_FILES.includes(basename(path))
  })
  expect(faults).toEqual([])
})

test('each folder of src has a README of at most 20 lines', () => {
  const folders = [...new Set(sources.map(path => dirname(path)))].filter(folder => folder !== '.')
  const faults = folders.filter(folder => {
    const path = join(root, folder, 'README.md')
    return !existsSync(path) || readFileSync(path, 'utf8').trimEnd().split('\n').length > 20
  })
  expect(faults).toEqual([])
})

/** What each file of a kind exports under one name, since a table loads it by its place. */
const FIXED_NAMES: Readonly<Record<string, RegExp>> = { command: /^cli\/(?:commands|virsh)\// }

/** The names that a file exports where it defines them; a type and a value of one name are one. */
const definitions = (path: string): string[] => [
  ...new Set(
    [
      ...codeOf(path).matchAll(
        /^export (?:async )?(?:abstract )?(?:function\*? ?|const |let |class |interface |type )(\w+)/gm,
      ),
    ].map(([, name = '']) => name),
  ),
]

test('no exported name is defined in two places', () => {
  const places = new Map<string, string[]>()
  // What loads the questions when they are asked has their names on purpose.
  for (const path of code.filter(path => path !== 'async.ts')) {
    for (const name of definitions(path)) {
      if (!FIXED_NAMES[name]?.test(path)) places.set(name, [...(places.get(name) ?? []), path])
    }
  }
  expect([...places].filter(([, paths]) => paths.length > 1)).toEqual([])
})
