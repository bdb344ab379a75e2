import type { Element } from '../xml/element.ts'
import { printElement } from '../xml/writer.ts'

/** What a check came to: what continuous integration is told, whichever format it reads. */
export interface Checks {
  /** `virt-cpu check` */
  readonly name: string
  readonly rules: readonly CheckRule[]
  readonly cases: readonly CheckCase[]
}

/** A kind of demand. */
interface CheckRule {
  /** `must-have` */
  readonly id: string
  /** What it demands, in a line. */
  readonly title: string
}

/** One demand of one thing. */
export interface CheckCase {
  readonly rule: string
  /** What it is of: a pool, a host. */
  readonly subject: string
  /** What is demanded, in a line. */
  readonly name: string
  /** Why it does not hold; empty: it does. */
  readonly faults: readonly CheckFailure[]
}

/** One reason why something does not hold. */
export interface CheckFailure {
  readonly text: string
  /** How bad it is; `note` fails nothing; `unknown`: nothing speaks against it, and not all is known. */
  readonly level: 'error' | 'warning' | 'note' | 'unknown'
  /** The file it is about, `/` between folders. */
  readonly file?: string | undefined
  /** The machine or pool it is about. */
  readonly about?: string | undefined
  /** Equal for the same fault in every run. */
  readonly key: string
}

/**
 * Checks as a JUnit report, as Jenkins, GitLab and most others read it: a test suite for each subject, a test
 * case for each demand of it. Notes fail nothing and are the case's output; what is not known is skipped. It has no times: none are measured.
 */
export function printJunit({ name, cases }: Checks): string {
  const subjects = [...new Set(cases.map(({ subject }) => subject))]
  const suites = subjects.map(subject =>
    makeSuite(
      subject,
      cases.filter(one => one.subject === subject),
    ),
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${printElement(
    makeElement('testsuites', { name, ...countCases(cases) }, suites),
  )}`
}

const makeSuite = (name: string, cases: readonly CheckCase[]): Element =>
  makeElement(
    'testsuite',
    { name, ...countCases(cases), skipped: `${cases.filter(isUnknown).length}` },
    cases.map(makeCase),
  )

function makeCase({ subject, rule, name, faults }: CheckCase): Element {
  const text = faults.map(fault => fault.text).join('\n')
  const content = hasFailed({ faults })
    ? [makeElement('failure', { message: faults[0]?.text ?? '', type: rule }, [text])]
    : text === ''
      ? []
      : isUnknown({ faults })
        ? [makeElement('skipped', { message: text }, [])]
        : [makeElement('system-out', {}, [text])]
  return makeElement('testcase', { classname: subject, name }, content)
}

const countCases = (cases: readonly CheckCase[]) => ({
  tests: `${cases.length}`,
  failures: `${cases.filter(hasFailed).length}`,
  errors: '0',
})

const hasFailed = ({ faults }: Pick<CheckCase, 'faults'>): boolean =>
  faults.some(({ level }) => level === 'error' || level === 'warning')

const isUnknown = ({ faults }: Pick<CheckCase, 'faults'>): boolean =>
  !hasFailed({ faults }) && faults.some(({ level }) => level === 'unknown')

const makeElement = (
  name: string,
  attributes: Readonly<Record<string, string>>,
  content: Element['content'],
): Element => ({ name, attributes, content })

/** Who made a report. */
interface Tool {
  readonly name: string
  readonly version: string
  /** Where its documentation is. */
  readonly uri?: string | undefined
}

/**
 * Checks as a SARIF 2.1.0 log of one run: a result for each fault; what holds makes none.
 * @param file what a fault without a file is about: services show nothing that has no place
 * @see Static Analysis Results Interchange Format 2.1.0, OASIS
 */
export function printSarif({ rules, cases }: Checks, tool: Tool, file: string): string {
  const results = cases.flatMap(one => one.faults.map(fault => makeResult(rules, one, fault, file)))
  const driver = {
    name: tool.name,
    version: tool.version,
    ...(tool.uri ? { informationUri: tool.uri } : {}),
    rules: rules.map(({ id, title }) => ({ id, shortDescription: { text: title } })),
  }
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function makeResult(rules: Checks['rules'], { rule, subject }: CheckCase, fault: CheckFailure, file: string) {
  const logical = [...new Set([subject, fault.about ?? subject])].map(name => ({ name }))
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    ...(fault.level === 'unknown' ? { kind: 'open', level: 'none' } : { level: fault.level }),
    message: { text: fault.text },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: makeUri(fault.file ?? file) },
          region: { startLine: 1 },
        },
        logicalLocations: logical,
      },
    ],
    partialFingerprints: { 'virtCpu/v1': fault.key },
  }
}

/** A path as a relative reference: a colon in its first part would make a scheme of it. */
const makeUri = (path: string): string =>
  path.split('/').map(encodeURIComponent).join('/').replace(/^\/+/, 'file:///')

/** Several checks as one, each rule once. */
export function mergeChecks(all: readonly Checks[]): Checks {
  const rules = new Map(all.flatMap(one => one.rules.map(rule => [rule.id, rule] as const)))
  return { name: all[0]?.name ?? '', rules: [...rules.values()], cases: all.flatMap(({ cases }) => cases) }
}
