// The form of the package's parts: ES modules with all imports first and one export last, so that the command can read
// them as CommonJS without parsing them. The build writes it; the command's program reads it (src/cli/main.ts).

/**
 * What esbuild writes, in that form: it leaves imports of packages and of Node where they were. Parts of which nothing is
 * used are not imported: no module of ours does anything by being imported. Lines stay lines.
 * @param {string} module
 */
export function withImportsFirst(module) {
  const imports = []
  const rest = module.replace(/\bimport\s*(\{[^}]*\}\s*from\s*)?"[^"]+";/g, (statement, names) => {
    if (names !== undefined) imports.push(statement.replace(/\s+/g, ' '))
    return statement.replace(/[^\n]/g, '')
  })
  return imports.join('') + rest
}

/**
 * A part as a function of what CommonJS gives a module, and of what takes the place of `import()`. Lines stay lines. The
 * text is put together once, for each copy of it is garbage that a start has to collect.
 * @param {string} module
 */
export function asCommonJs(module) {
  const [head = ''] = IMPORTS.exec(module) ?? []
  const end = module.lastIndexOf('export')
  const [tail, names, value] = EXPORT.exec(module.slice(end)) ?? []
  const body = module.slice(head.length, tail === undefined ? undefined : end)
  const exported = names === undefined ? `default:${value}` : names.replace(AS, '$2:$1')
  return `${BEFORE}${head.replace(IMPORT, requireOf)}${body.replace(/\bimport\((?=")/g, 'load(')}${
    tail === undefined ? '' : `module.exports={${exported}}`
  }\n})`
}

/**
 * Whether a text is what `asCommonJs` makes.
 * @param {string} text
 */
export const isPart = text => text.startsWith(BEFORE)

const BEFORE = '(function(require,module,__dirname,load){"use strict";'
const IMPORT = /import\s*\{([^}]*)\}\s*from\s*("[^"]+");/g
const IMPORTS = new RegExp(`^(?:${IMPORT.source}\\s*)*`)
const EXPORT = /^export\s*(?:\{([^}]*)\}|default ([^;]*));/
const AS = /([\w$]+)\s+as\s+([\w$]+)/g

const requireOf = (_, names, id) => `var{${names.replace(AS, '$1:$2')}}=require(${id});`
