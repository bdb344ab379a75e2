import { FeatureTable } from '../../core/feature-table.ts'
import { internalError } from '../../core/libvirt-error.ts'
import type { Vendor } from '../../core/model.ts'
import { type Element, noAttributes } from '../../xml/element.ts'
import { parseXml } from '../../xml/reader.ts'
import { learnToken } from '../../xml/token.ts'
import { CpuMap } from '../cpu-map.ts'
import { Database } from '../database.ts'
import { MapFeatures } from './features.ts'
import { MapModels } from './models.ts'
import { type MapFiles, walkCpuMap } from './walk.ts'

const START = /^(?:<!--[^<>]*-->\n\n?)?<cpus>\n {2}<model name='([A-Za-z0-9_.-]+)'>\n/
const END = '\n  </model>\n</cpus>\n'
const COMMENT = / <!-- [0-9a-fA-F, ]+ -->$/

/** A line of a model, with its line break, and what it says. */
interface Line {
  readonly text: string
  readonly element: Element
  /** What came after this line last time: models list the same features in the same order. */
  next: Line | undefined
}

/**
 * A file of a map as libvirt writes it: one model, each of its children an empty element on a line of its own.
 * There are 180 such files with 14 000 lines, most of them the same few hundred, so each distinct line is
 * understood once, and most are found by what they followed before. The tree is without the blanks between
 * elements. Undefined for a file that differs in anything: that is for the XML reader.
 */
export function readModelText(text: string): Element | undefined {
  const [head, name] = START.exec(text) ?? []
  if (head === undefined || name === undefined || !text.endsWith(END)) return undefined
  const content: Element[] = []
  const end = text.length - END.length
  let last = first
  for (let at = head.length; at < end; at += last.text.length) {
    const guess = last.next
    const line = guess !== undefined && text.startsWith(guess.text, at) ? guess : lineAt(text, at)
    if (!line) return undefined
    last.next = line
    last = line
    content.push(line.element)
  }
  const model = { name: 'model', attributes: Object.assign(noAttributes(), { name }), content }
  return { name: 'cpus', attributes: noAttributes(), content: [model] }
}

const first: Line = {
  text: '',
  element: { name: '', attributes: noAttributes(), content: [] },
  next: undefined,
}
const known = new Map<string, Line>()
const MOST = 4096

function lineAt(text: string, at: number): Line | undefined {
  const line = text.slice(at, text.indexOf('\n', at) + 1)
  return known.get(line) ?? learn(line)
}

function learn(text: string): Line | undefined {
  const bare = text.slice(0, -1).replace(COMMENT, '')
  if (!bare.startsWith('    <') || bare.indexOf('<', 5) >= 0) return undefined
  const token = learnToken(bare.slice(5))
  if (token?.kind !== 'childless') return undefined
  const line = { text, element: token.element, next: undefined }
  if (known.size > MOST) known.clear()
  known.set(text, line)
  return line
}

/** The text of a file of a map's directory, by file name. */
type MapTexts = (fileName: string) => string

/** The files of a map, read. */
export const mapFilesOf =
  (texts: MapTexts): MapFiles =>
  name => {
    const text = texts(name)
    return readModelText(text) ?? parseXml(text, name)
  }

/** An installed libvirt's map, so that answers equal that host's libvirt, old or new. */
export const installedMap = (texts: MapTexts): CpuMap => CpuMap.read(mapFilesOf(texts), readFiles)

/**
 * Reads what an installed libvirt's map knows of an architecture.
 * @param arch as `index.xml` calls it; `x86` serves i686 too
 * @param known where features of the same name have their order, class and title from, of which maps say nothing
 * @throws LibvirtError with libvirt's texts for what it refuses to load, ParseError for malformed XML
 */
export const readInstalled = (texts: MapTexts, arch = 'x86', known?: Database): Database =>
  readFiles(mapFilesOf(texts), arch, known)

function readFiles(files: MapFiles, arch: string, known?: Database): Database {
  const map = new MapInTheMaking(known?.features)
  walkCpuMap(files, arch, map)
  return new Database({ ...map.finished(), files })
}

class MapInTheMaking {
  readonly #vendors: Vendor[] = []
  readonly #features: MapFeatures
  readonly #models: MapModels

  constructor(known: FeatureTable | undefined) {
    this.#features = new MapFeatures(known)
    this.#models = new MapModels(this.#vendors, this.#features)
  }

  readonly feature = (element: Element, name: string): void => this.#features.add(element, name)
  readonly model = (element: Element, name: string): void => this.#models.add(element, name)

  finished() {
    const features = new FeatureTable(this.#features.list, this.#features.words)
    return { features, vendors: this.#vendors, models: this.#models.list }
  }

  vendor(element: Element, name: string): void {
    if (this.#vendors.some(vendor => vendor.name === name))
      throw internalError(`CPU vendor ${name} already defined`)
    const id = element.attributes.string
    if (id === undefined) throw internalError(`Missing vendor string for CPU vendor ${name}`)
    if (new TextEncoder().encode(id).length !== 12) throw internalError(`Invalid CPU vendor string '${id}'`)
    this.#vendors.push({ name, id })
  }
}
