import { globs } from '../../../core/glob.ts'
import type { Rule, Rules } from './rules.ts'

/** Whether the rule is about the file at `path`: some pattern is its, or names a folder that it lies in. */
export const fits = ({ patterns }: Rule<unknown>, path: string): boolean =>
  patterns.some(pattern => {
    const plain = plainPattern(pattern)
    return plain === '.' || globs(plain, path) || globs(`${plain}/**`, path)
  })

/** Without `./` in front and `/` behind. */
export const plainPattern = (pattern: string): string => pattern.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '')

/**
 * Which of the files below its folder a fleet file speaks of: those that its entries name, or all.
 * @throws what the rules' `fault` makes for a pattern that no file fits
 */
export function pathsOfRules({ hosts, guests, fault }: Rules, paths: readonly string[]): readonly string[] {
  if (!hosts) return paths
  const found = new Set<string>()
  for (const { patterns, path: at } of [...hosts, ...guests]) {
    patterns.forEach((pattern, i) => {
      const fitting = paths.filter(path => fits({ patterns: [pattern], says: {}, path: at }, path))
      if (fitting.length === 0) throw fault([...at, 'files', i], `no file is called ${pattern}`)
      for (const path of fitting) found.add(path)
    })
  }
  return paths.filter(path => found.has(path))
}
