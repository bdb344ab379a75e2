// Turns CommonJS chunks into few files: opening a file costs more than reading the code in it.

/**
 * The files to write, by name. Chunks that `entry` needs at once go into its file; those whose names begin
 * with a name of a group, with all that they need at once, into the file of the first such group; each other
 * chunk stays a file.
 * @param {Map<string, string>} chunks CommonJS code by file name
 * @param {string} entry
 * @param {Record<string, readonly string[]>} groups
 */
export function pack(chunks, entry, groups) {
  const fileOf = new Map(closure(chunks, [entry]).map(name => [name, entry]))
  for (const [group, prefixes] of Object.entries(groups)) {
    const named = [...chunks.keys()].filter(name => prefixes.some(prefix => name.startsWith(`${prefix}-`)))
    for (const name of closure(chunks, named)) if (!fileOf.has(name)) fileOf.set(name, `${group}.cjs`)
  }
  const link = (name, file) => linked(chunks.get(name), fileOf, file, entry)
  const files = new Map()
  for (const file of new Set(fileOf.values())) {
    const own = [...fileOf.keys()].filter(name => fileOf.get(name) === file)
    files.set(file, registry(own.map(name => [name, link(name, file)])))
  }
  files.set(entry, `#!/usr/bin/env node\n${files.get(entry)}\nload("./${entry}")\n`)
  for (const name of chunks.keys()) if (!fileOf.has(name)) files.set(name, link(name, name))
  return files
}

/** The names and all that they require, directly or not, without what they import when it is needed. */
function closure(chunks, names) {
  const found = new Set()
  const visit = name => {
    if (found.has(name)) return
    found.add(name)
    for (const [, next] of (chunks.get(name) ?? '').matchAll(/\brequire\("\.\/([^"]+)\.js"\)/g)) visit(`${next}.cjs`)
  }
  names.forEach(visit)
  return [...found]
}

/**
 * A file that holds several chunks, each run when it is first required; it exports the function that does so.
 * The parentheses around each make V8 compile it at once, and not first look through it and then again.
 */
const registry = chunks =>
  [
    `"use strict";const modules={${chunks.map(([name, code]) => `"./${name}":(function(exports,require,module){${code}})`).join(',\n')}};`,
    'const loaded={};function load(name){let module=loaded[name];if(module===undefined){',
    'module=loaded[name]={exports:{}};modules[name](module.exports,require,module)}return module.exports}',
    'module.exports=load;',
  ].join('\n')

/** The code with its references to other files made to fit `file`. `import()` of a chunk becomes `require`. */
function linked(code, fileOf, file, entry) {
  const path = target => {
    if (file === entry) return `./chunks/${target}`
    return target === entry ? `../${entry}` : `./${target}`
  }
  const target = name => {
    const chunk = `${name}.cjs`
    const packed = fileOf.get(chunk)
    if (packed === undefined) return `require("${path(chunk)}")`
    return packed === file ? `load("./${chunk}")` : `require("${path(packed)}")("./${chunk}")`
  }
  return code
    .replace(/\bimport\("\.\/([^"]+)\.js"\)/g, (_, name) => `Promise.resolve(${target(name)})`)
    .replace(/\brequire\("\.\/([^"]+)\.js"\)/g, (_, name) => target(name))
    .replace(/\brequire\("\.\/(\w+\.cjs)"\)/g, (_, name) => `require("${path(name)}")`)
}
