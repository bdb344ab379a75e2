// esbuild plugins that leave out of the page what it never asks for: all of it, data and sample fleet included, is to
// be small enough to mail.
import { readFile } from 'node:fs/promises'

/** @param {RegExp} filter @param {(text: string) => string} change @param {'js' | 'ts'} loader */
const changed = (name, filter, change, loader) => ({
  name,
  setup: ({ onLoad }) =>
    onLoad({ filter }, async ({ path }) => ({ contents: change(await readFile(path, 'utf8')), loader })),
})

/**
 * Data without comments, sources and columns, which are for people. What stands before a line's first word is kept:
 * it says what the line belongs to; so is that a source was not at hand, which is told.
 */
export const dataAlone = text =>
  text
    .replace(/^#.*\n/gm, '')
    .replace(/ +\[[\w; .-]+\](?= *(?:#.*)?$)/gm, sources =>
      sources.includes('unverified') ? ' [unverified]' : ' [-]',
    )
    .replace(/(?<=\S) {2,}/g, ' ')

/** The same names, for nobody to call. */
function nothing(text) {
  const own = [...text.matchAll(/^export (?:function|const) (\w+)/gm)].map(([, name]) => name)
  const others = [...text.matchAll(/^export \{([^}]*)\} from/gm)].flatMap(([, list]) => list.match(/\w+/g))
  const names = [...own, ...others]
  return `const none = () => { throw new RangeError('not in the page') }
    export { ${names.map(name => `none as ${name}`).join(', ')} }`
}

/** js-yaml without what writes YAML, and with its schemas marked as what may be left out. */
const readingOnly = text =>
  text
    .replace(/^\/\/#region src\/(?:ast|dump|load)[\s\S]*?^\/\/#endregion$/gm, '')
    .replace(/^(var [\w$]+ = )(?=define\w+Tag\(|new Schema\(|\w+_SCHEMA\.)/gm, '$1/* @__PURE__ */ ')
    .replace(/^export \{[^}]*\}/m, `export { ${YAML_NAMES} }`)

/** What `fleet-yaml.ts` imports: the build fails where one is missing. */
const YAML_NAMES = 'constructFromEvents, EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException'

/**
 * An installed libvirt's map, what a probed host says, what QEMU knows of s390x, and what only the start of a guest on
 * one host asks: no page has these.
 */
const ELSEWHERE =
  /src\/(?:map\/libvirt\/cpu-map|questions\/words\/describe-host|arch\/(?:\w+\/map|s390x\/beyond|arm\/compare|x86\/(?:compare|encode|translate|update|update-live)))\.ts$/

/** Releases without machine types and other architectures: a page asks what models and features need. */
const modelsOnly = text => dataAlone(text).replace(/^(?:qemu-|\S+ [\d.]+ machines ).*\n(?: .*\n)*/gm, '')

/** A data file as the page has it. */
export const leanData = (name, text) => (name === 'releases.txt' ? modelsOnly(text) : dataAlone(text))

export const LEAN = [
  changed('nothing', ELSEWHERE, nothing, 'js'),
  changed('reading-only', /js-yaml\.mjs$/, readingOnly, 'js'),
]
