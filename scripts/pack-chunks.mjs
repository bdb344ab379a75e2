// Turns CommonJS chunks into few files: opening a file costs more than reading the code in it.

const CORE = 'core.cjs'

/**
 * The files to write, by name. Chunks that `entry` needs at once go into its file; those whose names begin
 * with one of `common`, with all that they need at once, into one file more; each other chunk stays a file.
 * @param {Map<string, string>} chunks CommonJS code by file name
 * @param {string} entry
 * @param {readonly string[]} common
 */
export function pack(chunks, entry, common) {
  const first = closure(chunks, [entry])
  const named = [...chunks.keys()].filter(name => common.some(prefix => name.startsWith(`${prefix}-`)))
  const core = closure(chunks, named).filter(name => !first.includes(name))
  const place = name => (first.includes(name) ? `../${entry}` : core.includes(name) ? CORE : undefined)
  const files = new Map()
  files.set(entry, `#!/usr/bin/env node\n${registry(chunks, first, place, entry)}\nload("./${entry}")\n`)
  files.set(CORE, registry(chunks, core, place, CORE))
  for (const [name, code] of chunks)
    if (place(name) === undefined) files.set(name, linked(code, place, 'chunks'))
  return files
}

/** The names and all that they require, directly or not, without what they import when it is needed. */
function closure(chunks, names) {
  const found = new Set()
  const visit = name => {
    if (found.has(name)) return
    found.add(name)
    for (const [, next] of (chunks.get(name) ?? '').matchAll(/\brequire\("\.\/([^"]+)\.js"\)/g))
      visit(`${next}.cjs`)
  }
  names.forEach(visit)
  return [...found]
}

/** A file that holds several chunks, each run when it is first required; it exports the function that does so. */
function registry(chunks, names, place, file) {
  const at = file === CORE ? 'chunks' : 'root'
  const own = names.map(
    name => `"./${name}"(exports,require,module){${linked(chunks.get(name), place, at, names)}}`,
  )
  return [
    `"use strict";const modules={${own.join(',\n')}};const loaded={};`,
    'function load(name){let module=loaded[name];if(module===undefined){',
    'module=loaded[name]={exports:{}};modules[name](module.exports,require,module)}return module.exports}',
    'module.exports=load;',
  ].join('\n')
}

/** The code with its references to other chunks made to fit where they are. `import()` of a chunk becomes `require`. */
function linked(code, place, at, own = []) {
  const target = name => {
    const file = `${name}.cjs`
    if (own.includes(file)) return `load("./${file}")`
    const packed = place(file)
    const path = (packed ?? file).replace(/^\.\.\//, '')
    const from = packed?.startsWith('../')
      ? at === 'root'
        ? './'
        : '../'
      : at === 'root'
        ? './chunks/'
        : './'
    return packed ? `require("${from}${path}")("./${file}")` : `require("${from}${file}")`
  }
  return code
    .replace(/\bimport\("\.\/([^"]+)\.js"\)/g, (_, name) => `Promise.resolve(${target(name)})`)
    .replace(/\brequire\("\.\/([^"]+)\.js"\)/g, (_, name) => target(name))
    .replace(
      'require("./saxes.cjs")',
      at === 'root' ? 'require("./chunks/saxes.cjs")' : 'require("./saxes.cjs")',
    )
}
