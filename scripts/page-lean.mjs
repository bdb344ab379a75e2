// esbuild plugins that leave out of the page what it never asks for: all of it, data and sample fleet included, is to
// be small enough to mail.
import { readFile } from 'node:fs/promises'

/** @param {RegExp} filter @param {(text: string) => string} change @param {'js' | 'ts' | 'text'} loader */
const changed = (name, filter, change, loader) => ({
  name,
  setup: ({ onLoad }) =>
    onLoad({ filter }, async ({ path }) => ({ contents: change(await readFile(path, 'utf8')), loader })),
})

/**
 * Data without comments, sources and columns, which are for people. What stands before a line's first word is kept:
 * it says what the line belongs to.
 */
export const dataAlone = text =>
  text
    .replace(/^#.*\n/gm, '')
    .replace(/ +\[[\w; .-]+\](?= *(?:#.*)?$)/gm, '')
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
 * An installed libvirt's map, what a probed host says, what QEMU knows of s390x, how a guest that runs is corrected:
 * no page has these.
 */
const ELSEWHERE =
  /[\\/](?:database[\\/]cpu-map|arch[\\/]\w+[\\/]map|verbs[\\/]say-host|arch[\\/]s390x[\\/]beyond|arch[\\/]x86[\\/](?:encode|update-live))\.ts$/

export const LEAN = [
  changed('data-alone', /[\\/]data[\\/].*\.txt$/, dataAlone, 'text'),
  changed('nothing', ELSEWHERE, nothing, 'js'),
  changed('reading-only', /js-yaml\.mjs$/, readingOnly, 'js'),
]
