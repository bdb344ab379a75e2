// Fewer files: esbuild puts modules into one file if exactly the same parts need them, so what parts share lies in many small
// files, and each takes 0.1 ms to open, in the library 0.3. Here a small file is joined with one that more parts need.

/** Smaller files are joined, in bytes. */
const SMALL = 15_000

/** Parts that answer in milliseconds: they load nothing that they do not need but what is tiny. */
const FAST =
  /\/(?:command-line|context|cpu-models|cpu-baseline|cpu-compare|batch)\.ts$|\/commands\/decode\.ts$|\/(?:decode|baseline|compare|cpu-models)\/question\.ts$/
const TINY = 3_300

/** What runs in browsers loads nothing that does not. */
const LIBRARY = /\/(?:index|async)\.ts$/

/**
 * What parts are to import besides, so that esbuild joins small files.
 * @param {import('esbuild').Metafile} metafile of a build without it
 * @returns {Map<string, string[]>} modules, by the part's name in the metafile
 */
export function importsThatJoin({ outputs }) {
  const more = new Map()
  const files = filesOf(outputs)
  for (const file of [...files].sort((a, b) => b.parts.size - a.parts.size)) {
    if (file.bytes >= SMALL) continue
    const [other] = [...files]
      .filter(other => other !== file && canJoin(file, other))
      .sort((a, b) => a.parts.size - b.parts.size)
    if (!other) continue
    for (const part of other.parts)
      if (!file.parts.has(part)) more.set(part, [...(more.get(part) ?? []), ...file.modules])
    join(file, other, files)
  }
  return more
}

/**
 * The files that several parts need.
 * @typedef {{ modules: string[], bytes: number, parts: Set<string>, needs: Set<File> }} File
 * @returns {Set<File>}
 */
function filesOf(outputs) {
  const files = new Map()
  for (const [path, { inputs, bytes, entryPoint }] of Object.entries(outputs))
    if (entryPoint === undefined)
      files.set(path, {
        modules: Object.keys(inputs).map(path => `./${path}`),
        bytes,
        parts: new Set(),
        needs: new Set(),
      })
  const needed = path =>
    outputs[path].imports
      .filter(({ kind, external }) => kind === 'import-statement' && !external)
      .map(({ path }) => path)
  for (const [path, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint === undefined)
      for (const other of needed(path)) files.get(path).needs.add(files.get(other))
    else {
      const reached = new Set([path])
      for (const one of reached) for (const other of needed(one)) reached.add(other)
      for (const one of reached) files.get(one)?.parts.add(entryPoint)
    }
  }
  return new Set(files.values())
}

/** Whether all that need the other file may load this one too, and have what it needs. */
function canJoin(file, other) {
  const added = [...other.parts].filter(part => !file.parts.has(part))
  return (
    added.length === other.parts.size - file.parts.size &&
    !added.some(part => LIBRARY.test(part) || (FAST.test(part) && file.bytes > TINY)) &&
    [...file.needs].every(({ parts }) => [...other.parts].every(part => parts.has(part)))
  )
}

function join(file, other, files) {
  other.modules.push(...file.modules)
  other.bytes += file.bytes
  for (const need of file.needs) if (need !== other) other.needs.add(need)
  files.delete(file)
  for (const { needs } of files) if (needs.delete(file)) needs.add(other)
}
