/** At most `most` of `names` that are spelled much like `text`, the likest first; case, `-`, `_` and `.` do not count. */
export function nearest(names: readonly string[], text: string, most = 3): string[] {
  const wanted = bare(text)
  const far = Math.max(1, Math.floor(wanted.length / 3))
  const scored = names.map(name => ({ name, distance: distance(bare(name), wanted, far) }))
  const near = scored.filter(({ distance }) => distance <= far).sort((a, b) => a.distance - b.distance)
  return near.slice(0, most).map(({ name }) => name)
}

const bare = (name: string): string => name.toLowerCase().replace(/[-_.]/g, '')

/** Letters to insert, drop or change to make one of the other; a figure above `far` is not exact. */
function distance(a: string, b: string, far: number): number {
  if (Math.abs(a.length - b.length) > far) return far + 1
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const change = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
