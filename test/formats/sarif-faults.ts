/** The parts of a log that are looked at. */
type Json = { readonly [key: string]: unknown } | undefined

const LEVELS = ['none', 'note', 'warning', 'error']

const record = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** What of the SARIF 2.1.0 schema, and of the standard's prose, a log breaks: its main constraints. */
export function sarifFaults(log: unknown): string[] {
  const root = record(log)
  const faults: string[] = []
  if (root?.version !== '2.1.0') faults.push(`version: ${root?.version}`)
  const runs = list(root?.runs)
  if (runs.length === 0) faults.push('no runs')
  return [...faults, ...runs.flatMap(run => runFaults(record(run)))]
}

function runFaults(run: Json): string[] {
  const driver = record(record(run?.tool)?.driver)
  const rules = list(driver?.rules).map(rule => record(rule))
  const ids = rules.map(rule => rule?.id)
  return [
    ...(isText(driver?.name) ? [] : ['the driver has no name']),
    ...(ids.every(isText) && new Set(ids).size === ids.length ? [] : ['rule ids are not texts, each once']),
    ...rules.filter(rule => !isText(record(rule?.shortDescription)?.text)).map(() => 'a rule without text'),
    ...(['utf16CodeUnits', 'unicodeCodePoints'].includes(String(run?.columnKind)) ? [] : ['columnKind']),
    ...list(run?.results).flatMap((result, i) => resultFaults(record(result), `results[${i}]`, ids)),
  ]
}

function resultFaults(result: Json, at: string, rules: readonly unknown[]): string[] {
  const { level, ruleId, ruleIndex } = result ?? {}
  return [
    ...(isText(record(result?.message)?.text) ? [] : [`${at}: no message`]),
    ...(LEVELS.includes(String(level)) ? [] : [`${at}.level: ${level}`]),
    ...(rules[Number(ruleIndex)] === ruleId ? [] : [`${at}: ruleIndex ${ruleIndex} is not ${ruleId}`]),
    ...list(result?.locations).flatMap(place => locationFaults(record(place), at)),
    ...Object.values(record(result?.partialFingerprints) ?? {})
      .filter(value => !isText(value))
      .map(() => at),
  ]
}

function locationFaults(place: Json, at: string): string[] {
  const physical = record(place?.physicalLocation)
  const uri = record(physical?.artifactLocation)?.uri
  const line = record(physical?.region)?.startLine
  const isUri = typeof uri === 'string' && /^(?:[\w.~!$&'()*+,;=@/-]|%[0-9A-F]{2}|^file:\/\/\/)+$/.test(uri)
  return [
    ...(isUri ? [] : [`${at}: not a URI reference: ${uri}`]),
    ...(Number.isInteger(line) && Number(line) >= 1 ? [] : [`${at}: line ${line}`]),
    ...list(place?.logicalLocations)
      .filter(one => !isText(record(one)?.name))
      .map(() => `${at}: no name`),
  ]
}
