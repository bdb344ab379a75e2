/** The word nearest to a misspelt one; undefined where none is near. */
export function closest(word: string, words: readonly string[]): string | undefined {
  const ranked = words
    .map(candidate => ({ candidate, far: distance(word, candidate) }))
    .sort((a, b) => a.far - b.far)
  const [best] = ranked
  return best && best.far <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined
}

/** How many letters must be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row[j] = Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
    }
    above = row
  }
  return above[b.length] ?? 0
}
