import { marchTable } from '../src/formats/named-levels.ts'
import type { Context } from '../src/questions/context.ts'
import { answerName } from '../src/questions/name/question.ts'
import type { DataFolder } from './data.ts'
import { Family } from './report.ts'

/** What a tool writes before its names. */
const PREFIXES: Readonly<Record<string, string>> = {
  klauspost: 'feature.node.kubernetes.io/cpu-cpuid.',
  traits: 'HW_CPU_X86_',
}

/**
 * Every name of platforms' tables (`names-TOOL.tsv`) means a feature or a field, or is known to have no bit and why.
 * @param data the folder of the tables
 */
export function platformNames(context: Context, data: DataFolder): Family[] {
  const files = data.names().filter(name => /^names-\w+\.tsv$/.test(name))
  return files.map(file => {
    const tool = file.replace(/^names-|\.tsv$/g, '')
    const family = new Family(`names of ${tool}`)
    for (const line of data.text(file).split('\n').filter(Boolean)) {
      const [word = ''] = line.split('\t')
      const { meanings: features, note } = answerName(context, (PREFIXES[tool] ?? '') + word)
      family.check(word, features.length > 0 || note !== undefined ? 'known' : 'unknown', 'known')
    }
    return family
  })
}

/** What `-march` means is what GCC itself says. */
export function marchOfGcc(data: DataFolder): Family {
  const family = new Family('-march of GCC 16')
  const recorded: Readonly<Record<string, readonly string[]>> = JSON.parse(data.text('gcc-16.2-march.json'))
  const { targets } = marchTable()
  for (const [name, words] of Object.entries(recorded)) {
    const wanted = words.filter(word => word !== 'sse4' && word !== 'crc32').sort()
    family.check(name, [...(targets.get(name) ?? [])].sort().join(' '), wanted.join(' '))
  }
  return family
}
