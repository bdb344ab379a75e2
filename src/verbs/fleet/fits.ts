import { globs } from '../../core/glob.ts'
import type { Rule } from './rules.ts'

/** Whether the rule is about the file at `path`: some pattern is its, or names a folder that it lies in. */
export const fits = ({ patterns }: Rule<unknown>, path: string): boolean =>
  patterns.some(pattern => {
    const plain = plainPattern(pattern)
    return plain === '.' || globs(plain, path) || globs(`${plain}/**`, path)
  })

/** Without `./` in front and `/` behind. */
export const plainPattern = (pattern: string): string => pattern.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '')
