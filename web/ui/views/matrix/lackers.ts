import type { GroupAnswer, MatrixRow } from '../../../shared/answers.ts'

/** Who lacks a feature, in words. */
export const lackers = ({ cells }: MatrixRow, groups: readonly (GroupAnswer | undefined)[]): string => {
  const names = groups.flatMap((group, i) => (cells[i] === '0' && group ? group.title : []))
  return names.length === 0
    ? 'nobody'
    : names.slice(0, 12).join(', ') + (names.length > 12 ? ` and ${names.length - 12} more` : '')
}
