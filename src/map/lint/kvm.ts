import type { Database } from '../database.ts'
import { type KvmRule, parseKvmRules } from '../kvm-rules.ts'
import type { DataFile } from '../text/data-file.ts'
import { formatData } from '../text/format.ts'
import { findingIn, type LintFinding } from './subject.ts'

/**
 * Everything that breaks a law of `kvm.txt`: features, vendors and sources are known, no two lines say the same of
 * a feature, and a condition is on a feature that is passed on, so that what is offered is offered again.
 * @throws ParseError
 */
export function lintKvm(file: DataFile, db: Database, sources: string): LintFinding[] {
  const keys = new Set(Array.from(sources.matchAll(/^\| `([^`]+)`/gm), match => match[1] ?? ''))
  const { rules } = parseKvmRules(file)
  const seen = new Map<string, KvmRule>()
  const found = rules.flatMap(rule => {
    const faultsOf = (name: string): string[] => {
      const key = `${name} ${conditionsOf(rule)}`
      const isTwice = seen.has(key)
      seen.set(key, rule)
      if (!db.features.get(name)) return [`no feature of libvirt's is called \`${name}\``]
      return isTwice ? [`\`${name}\` has a line of these conditions`] : []
    }
    return [
      ...rule.features.flatMap(faultsOf),
      ...rule.needs.filter(name => !isPassed(rules, name)).map(name => `\`${name}\` may be kept`),
      ...rule.vendors.filter(name => !db.vendor(name)).map(name => `no vendor is called \`${name}\``),
      ...(rule.sources.length === 0 ? ['no source'] : []),
      ...rule.sources.filter(key => !keys.has(key)).map(key => `unknown source \`${key}\``),
    ].map(message => findingIn(rule.at, message))
  })
  const tidy = formatData(file.text, file.name).split('\n')
  const at = file.text.split('\n').findIndex((line, i) => line !== tidy[i] || line.length > 100)
  const message = 'not as the formatter writes it'
  return at < 0 ? found : [...found, { file: file.name, line: at + 1, message }]
}

const conditionsOf = ({ vendors, needs, since, until }: KvmRule): string =>
  JSON.stringify([vendors, needs, since, until])

const isPassed = (rules: readonly KvmRule[], name: string): boolean =>
  rules.every(({ kind, features }) => kind === 'passed' || kind === 'given' || !features.includes(name))
