/**
 * The shortest end of each path, without its extension, that no other has: `ice-01` of `fleet/prod/ice-01.xml`.
 */
export function shortNames(paths: readonly string[]): string[] {
  const parts = paths.map(path => path.replace(/\.[A-Za-z0-9]{1,5}(?=$|#\d+$)/, '').split('/'))
  const taken = new Map<string, number>()
  const end = (list: readonly string[], n: number) => list.slice(-n).join('/')
  const most = Math.max(1, ...parts.map(list => list.length))
  for (const list of parts) {
    for (let n = 1; n <= list.length; n++) taken.set(end(list, n), (taken.get(end(list, n)) ?? 0) + 1)
  }
  return parts.map((list, i) => {
    for (let n = 1; n <= most; n++) if (taken.get(end(list, n)) === 1) return end(list, n)
    return paths[i] ?? ''
  })
}

/**
 * The pool of each path: its folder, without what the folders of all hosts have in common. A guest's file is in
 * the pool of the hosts that its folder, or the nearest one around it, holds.
 * @param hosts which of the paths are hosts'
 */
export function poolsOfPaths(paths: readonly string[], hosts: readonly boolean[]): string[] {
  const folders = paths.map(path => path.split('/').slice(0, -1))
  const own = folders.filter((_, i) => hosts[i])
  const [first = []] = own
  let common = 0
  while (common < first.length && own.every(folder => folder[common] === first[common])) common++
  const labels = new Set(own.map(folder => folder.slice(common).join('/')))
  return folders.map(folder => {
    for (let end = folder.length; end > common; end--) {
      const label = folder.slice(common, end).join('/')
      if (labels.has(label)) return label
    }
    return ''
  })
}
