import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')

/** The page's layers, from bottom to top: a file imports its own layer and those below it. */
const LAYERS = [
  'web/shared/',
  'web/ui/parts/',
  'web/ui/views/',
  'web/ui/app/',
  'web/inventory/',
  'web/main.tsx',
  'web/unpacker.ts',
  'web/start.ts',
]

/** The worker is above `shared` and beside the user interface. */
const WORKER = 'web/worker/'

/** The layers of the sources that the page's worker stands beside; it opens hosts of an inventory as the server's workers do. */
const BESIDE = /^src\/(?:cli|http|host|inventory\/(?!stored-fleet\.ts))/

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap(name => {
    const path = `${folder}/${name}`
    if (statSync(join(root, path)).isDirectory()) return filesBelow(path)
    return /\.tsx?$/.test(name) && !name.endsWith('.d.ts') ? [path] : []
  })
}

const sources = filesBelow('web')

/** What each file imports of our own, types included. */
const imports = new Map(
  sources.map(path => [
    path,
    [...readFileSync(join(root, path), 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(match =>
      normalize(join(dirname(path), match[1] ?? '')),
    ),
  ]),
)

/** The imports that a test forbids, as text. */
const faultsOf = (isFault: (path: string, target: string) => boolean): string[] =>
  [...imports].flatMap(([path, targets]) =>
    targets.filter(target => isFault(path, target)).map(target => `${path} imports ${target}`),
  )

const rankOf = (path: string): number => LAYERS.findIndex(layer => path.startsWith(layer))

test('every file of the page belongs to a layer', () => {
  expect(sources.filter(path => rankOf(path) < 0 && !path.startsWith(WORKER))).toEqual([])
})

test('no import in the page points up', () => {
  const isUp = (path: string, target: string) => rankOf(path) >= 0 && rankOf(target) > rankOf(path)
  expect(faultsOf(isUp)).toEqual([])
})

test('the user interface and the worker share only what is in shared', () => {
  const isAcross = (path: string, target: string) =>
    path.startsWith(WORKER) ? rankOf(target) > 0 : target.startsWith(WORKER)
  expect(faultsOf(isAcross)).toEqual([])
})

test('no view imports another', () => {
  const viewOf = (path: string) => /^web\/ui\/views\/(?!list)([\w-]+)/.exec(path)?.[1]
  const isOther = (path: string, target: string) => {
    const [own, other] = [viewOf(path), viewOf(target)]
    return own !== undefined && other !== undefined && own !== other
  }
  expect(faultsOf(isOther)).toEqual([])
})

test('no imports in the page form a circle, types included', () => {
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
    if (trail.includes(path) || done.has(path)) return
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of sources) visit(path, [])
  expect(circles).toEqual([])
})

test('the page stands above the questions, and beside the command', () => {
  expect(faultsOf((_, target) => BESIDE.test(target))).toEqual([])
})

test('only the worker computes with CPUs: the user interface imports nothing of the sources', () => {
  expect(faultsOf((path, target) => path.startsWith('web/ui/') && target.startsWith('src/'))).toEqual([])
})

test('every rule of the style is used', () => {
  const styles = readdirSync(join(root, 'web/style')).map(name =>
    readFileSync(join(root, 'web/style', name), 'utf8'),
  )
  const drawing = sources
    .filter(path => /^web\/(?:ui|inventory)\//.test(path))
    .map(path => readFileSync(join(root, path), 'utf8'))
  const classes = [...styles.join('\n').matchAll(/\.([a-z][\w-]*)(?=[^{};]*\{)/g)].map(
    match => match[1] ?? '',
  )
  const words = new Set(drawing.join('\n').match(/[a-z][\w-]*/g))
  // The worker sends the names of levels.
  expect([...new Set(classes)].filter(name => !words.has(name) && !/^v[1-4]$/.test(name))).toEqual([])
})
