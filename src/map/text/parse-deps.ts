import { type DataFile, faultIn, type Statement, statementsOf, tokensOf } from './data-file.ts'

/** `A B : C D`: a CPU that has A or B has C and D. */
export interface DepsRow {
  readonly at: Statement
  /** Names; `vmx-*` stands for every feature that begins so. */
  readonly features: readonly string[]
  readonly needs: readonly string[]
  /** How many of libvirt's models break the rule: known, and exact. */
  readonly broken: number
}

/** Reads `deps.txt`. Names are not looked up. @throws ParseError */
export function parseDeps(file: DataFile): DepsRow[] {
  return statementsOf(file).map(at => {
    const tokens = tokensOf(at.text)
    const colon = tokens.indexOf(':')
    const marked = tokens.indexOf('libvirt-breaks')
    const end = marked < 0 ? tokens.length : marked
    const broken = marked < 0 ? 0 : Number(tokens[marked + 1])
    if (colon < 1 || colon + 1 >= end) throw faultIn(at, 'expected `FEATURE … : FEATURE …`', tokens[colon])
    if (marked >= 0 && (!(broken > 0) || marked + 2 < tokens.length)) {
      throw faultIn(at, 'expected the number of models after `libvirt-breaks`', 'libvirt-breaks')
    }
    return { at, features: tokens.slice(0, colon), needs: tokens.slice(colon + 1, end), broken }
  })
}
