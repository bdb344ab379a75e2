import type { CheckCase, CheckFailure, Checks } from './checks.ts'

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
    level: fault.level,
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
