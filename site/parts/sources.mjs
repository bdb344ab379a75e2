// The repository's Markdown as pages: each file is copied, and its links lead to the page, or to a copy of the file.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, extname, join, normalize, relative } from 'node:path'

/** Pages that are not below docs, by the file that each is made of. */
const OUTSIDE = {
  'README.md': 'overview.md',
  'CONTRIBUTING.md': 'contributing.md',
  'CHANGELOG.md': 'changelog.md',
  'SECURITY.md': 'security.md',
  'CODE_OF_CONDUCT.md': 'conduct.md',
  'data/README.md': 'data.md',
}

const markdownBelow = folder =>
  readdirSync(folder, { recursive: true })
    .map(name => join(folder, name))
    .filter(name => name.endsWith('.md'))

export class Sources {
  /** By the file in the repository: the page. */
  #pages = new Map(Object.entries(OUTSIDE))
  /** Files and folders of the repository to which pages lead. */
  #files = new Set()

  constructor(root, out) {
    this.root = root
    this.out = out
    for (const file of markdownBelow(join(root, 'docs'))) {
      const name = relative(root, file)
      this.#pages.set(name, name.replace(/^docs\//, '').replace(/README\.md$/, 'index.md'))
    }
  }

  /** Writes all pages, and what they lead to. */
  write() {
    for (const [file, page] of this.#pages) this.#writePage(file, page)
    cpSync(join(this.root, 'docs/images'), join(this.out, 'public/images'), { recursive: true })
    for (const file of [...this.#files].filter(name => this.#isFolder(name))) this.#listFolder(file)
    for (const file of this.#files) if (!this.#isFolder(file)) this.#copyFile(file)
    writeFileSync(join(this.out, 'files.md'), this.#filesPage())
  }

  #isFolder = name => statSync(join(this.root, name)).isDirectory()

  #writePage(file, page) {
    const target = join(this.out, page)
    mkdirSync(dirname(target), { recursive: true })
    const text = readFileSync(join(this.root, file), 'utf8')
    writeFileSync(target, this.rewriteLinks(text, file))
  }

  /** The text with its links rewritten, but for those in code. */
  rewriteLinks(text, file) {
    return text
      .split(/(^```[\s\S]*?^```|`[^`\n]*`(?!\]))/m)
      .map((part, i) =>
        i % 2 ? part : part.replace(/\]\(([^)\s]+)\)/g, (_, to) => `](${this.#linkOf(to, file)})`),
      )
      .join('')
  }

  #linkOf(to, file) {
    if (/^(?:[a-z]+:|#)/.test(to)) return to
    const [path = '', anchor] = to.split('#')
    const name = normalize(join(dirname(file), path)).replace(/\/$/, '')
    const hash = anchor ? `#${anchor}` : ''
    const page = this.#pages.get(name) ?? this.#pages.get(`${name}/README.md`)
    if (page && name !== 'data') return `/${page}${hash}`
    if (!existsSync(join(this.root, name))) throw new Error(`${file}: there is no ${to}`)
    if (name.startsWith('docs/images/')) return `/${name.slice('docs/'.length)}`
    this.#files.add(name)
    return this.#isFolder(name) ? `/files.md#${anchorOf(name)}` : fileUrl(name)
  }

  #listFolder(folder) {
    for (const name of readdirSync(join(this.root, folder), { recursive: true }))
      if (!this.#isFolder(join(folder, name))) this.#files.add(join(folder, name))
  }

  #copyFile(name) {
    const target = join(this.out, 'public', fileUrl(name))
    mkdirSync(dirname(target), { recursive: true })
    cpSync(join(this.root, name), target)
  }

  #filesPage() {
    const folders = groupBy([...this.#files].filter(name => !this.#isFolder(name)).sort(), dirname)
    const parents = [...this.#files].filter(name => this.#isFolder(name) && !folders.has(name))
    const sections = [
      ...[...folders].map(([folder, files]) => [folder, files]),
      ...parents.map(name => [name, []]),
    ]
    const list = sections
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(
        ([folder, files]) =>
          `## ${folder} {#${anchorOf(folder)}}\n\n${files.map(name => `- [${name.slice(folder.length + 1)}](${fileUrl(name)})`).join('\n')}\n`,
      )
    return `# Files\n\nThe files of the repository to which this site's pages lead, as they are.\n\n${list.join('\n')}`
  }
}

function groupBy(items, keyOf) {
  const groups = new Map()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

const anchorOf = name => `in-${name.replace(/[^a-z0-9]+/gi, '-').toLowerCase()}`

/** Endings that browsers show and the router leaves alone; others are served as text. */
const SHOWN = ['.txt', '.xml', '.json', '.yaml', '.svg', '.png']
const fileUrl = name => `/files/${name}${SHOWN.includes(extname(name)) ? '' : '.txt'}`
