import type { Element } from '../xml/element.ts'
import { printElement } from '../xml/writer.ts'
import type { CheckCase, Checks } from './checks.ts'

/**
 * Checks as a JUnit report, as Jenkins, GitLab and most others read it: a test suite for each subject, a test
 * case for each demand of it. Notes fail nothing and are the case's output. It has no times: none are measured.
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
  makeElement('testsuite', { name, ...countCases(cases), skipped: '0' }, cases.map(makeCase))

function makeCase({ subject, rule, name, faults }: CheckCase): Element {
  const text = faults.map(fault => fault.text).join('\n')
  const content = hasFailed({ faults })
    ? [makeElement('failure', { message: faults[0]?.text ?? '', type: rule }, [text])]
    : text === ''
      ? []
      : [makeElement('system-out', {}, [text])]
  return makeElement('testcase', { classname: subject, name }, content)
}

const countCases = (cases: readonly CheckCase[]) => ({
  tests: `${cases.length}`,
  failures: `${cases.filter(hasFailed).length}`,
  errors: '0',
})

const hasFailed = ({ faults }: Pick<CheckCase, 'faults'>): boolean =>
  faults.some(({ level }) => level !== 'note')

const makeElement = (
  name: string,
  attributes: Readonly<Record<string, string>>,
  content: Element['content'],
): Element => ({ name, attributes, content })
