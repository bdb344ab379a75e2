import { type DataFile, faultAt, faultIn, type Statement } from '../text/data-file.ts'

/** Where the data breaks one of its laws, and how. */
export interface LintFinding {
  readonly file: string
  /** 1-based; 0: the file as a whole. */
  readonly line: number
  readonly message: string
}

/** A finding at `token` of a statement. */
export function findingIn(at: Statement, message: string, token = ''): LintFinding {
  return { file: at.file.name, line: faultIn(at, message, token).line, message }
}

/** A finding at `offset` of a file. */
export function findingAt(file: DataFile, offset: number, message: string): LintFinding {
  return { file: file.name, line: faultAt(file, offset, message).line, message }
}

/** `models/intel.txt:12: message` */
export const printFinding = ({ file, line, message }: LintFinding): string => `${file}:${line}: ${message}`
