import type { Element } from '../xml/element.ts'
import { printElement } from '../xml/writer.ts'
import type { Case, Checks } from './checks.ts'

/**
 * Checks as a JUnit report, as Jenkins, GitLab and most others read it: a test suite for each subject, a test
 * case for each demand of it. Notes fail nothing and are the case's output. It has no times: none are measured.
 */
export function printJunit({ name, cases }: Checks): string {
  const subjects = [...new Set(cases.map(({ subject }) => subject))]
  const suites = subjects.map(subject =>
    suiteOf(
      subject,
      cases.filter(one => one.subject === subject),
    ),
  )
  return `<?xml version="1.0" encoding="UTF-8"?>\n${printElement(
    element('testsuites', { name, ...countsOf(cases) }, suites),
  )}`
}

const suiteOf = (name: string, cases: readonly Case[]): Element =>
  element('testsuite', { name, ...countsOf(cases), skipped: '0' }, cases.map(caseOf))

function caseOf({ subject, rule, name, faults }: Case): Element {
  const text = faults.map(fault => fault.text).join('\n')
  const content = hasFailed({ faults })
    ? [element('failure', { message: faults[0]?.text ?? '', type: rule }, [text])]
    : text === ''
      ? []
      : [element('system-out', {}, [text])]
  return element('testcase', { classname: subject, name }, content)
}

const countsOf = (cases: readonly Case[]) => ({
  tests: `${cases.length}`,
  failures: `${cases.filter(hasFailed).length}`,
  errors: '0',
})

const hasFailed = ({ faults }: Pick<Case, 'faults'>): boolean => faults.some(({ level }) => level !== 'note')

const element = (
  name: string,
  attributes: Readonly<Record<string, string>>,
  content: Element['content'],
): Element => ({ name, attributes, content })
