/**
 * Numbers of CPUs as Linux lists them, `0-3,8`, in order; empty for an empty list.
 * Undefined where the text is no such list.
 */
export function parseCpuList(text: string): number[] | undefined {
  const parts = text.trim() === '' ? [] : text.trim().split(',')
  const numbers: number[] = []
  for (const part of parts) {
    const [, first, last = first] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part.trim()) ?? []
    if (first === undefined) return undefined
    for (let n = Number(first); n <= Number(last); n++) numbers.push(n)
  }
  return numbers
}

/** The numbers, which are in order, as Linux lists them. */
export function printCpuList(numbers: readonly number[]): string {
  const runs: [first: number, last: number][] = []
  for (const n of numbers) {
    const run = runs.at(-1)
    if (run && n === run[1] + 1) run[1] = n
    else runs.push([n, n])
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',')
}
