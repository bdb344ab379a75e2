/** What is counted and told of one family of cases. */
export class Family {
  readonly name: string
  passed = 0
  skipped = 0
  readonly failures: Failure[] = []

  constructor(name: string) {
    this.name = name
  }

  /** Counts the case as passed when the two are equal, text for text. */
  check(label: string, actual: string, expected: string): void {
    if (actual === expected) this.passed++
    else this.failures.push({ label, actual, expected })
  }

  skip(): void {
    this.skipped++
  }
}

interface Failure {
  readonly label: string
  readonly actual: string
  readonly expected: string
}

const SHOWN = 5
const WIDTH = 200

/** One line of a family, and the first failures as a diff. */
export function printFamily(family: Family, log: (line: string) => void): void {
  const skipped = family.skipped > 0 ? `, ${family.skipped} skipped` : ''
  log(`${family.name.padEnd(44)} ${family.passed} passed, ${family.failures.length} failed${skipped}`)
  for (const { label, actual, expected } of family.failures.slice(0, SHOWN)) {
    log(`  ${label}`)
    for (const line of diff(expected, actual)) log(`    ${line.slice(0, WIDTH)}`)
  }
  if (family.failures.length > SHOWN) log(`  … and ${family.failures.length - SHOWN} more`)
}

const LINES = 16

/** Lines only in the expected text with `-`, lines only in the actual one with `+`: enough to see a CPU differ. */
function diff(expected: string, actual: string): string[] {
  const [want, got] = [expected.split('\n'), actual.split('\n')]
  const lines = [
    ...want.filter(line => !got.includes(line)).map(line => `- ${line}`),
    ...got.filter(line => !want.includes(line)).map(line => `+ ${line}`),
  ]
  if (lines.length === 0) return ['same lines, another order or number of them']
  return lines.length > LINES ? [...lines.slice(0, LINES), `… and ${lines.length - LINES} lines more`] : lines
}
