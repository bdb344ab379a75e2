import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const QUESTIONS = fileURLToPath(new URL('../src/questions', import.meta.url))

/** Whether a question is about fleets, by its source: such questions share nearly all that they need. */
export const isOfFleets = source => source.includes(" from '../input/fleet/")

/**
 * Makes one part of questions that are imported when they are asked: as parts of their own they would make esbuild
 * put what they share into a hundred files.
 * @param {(source: string) => boolean} isJoined
 * @param {readonly string[]} [first] modules that the part needs besides
 */
export const joinQuestions = (isJoined, first = []) => ({
  name: 'join-questions',
  setup({ onResolve, onLoad }) {
    const joined = readdirSync(QUESTIONS)
      .sort()
      .map(name => join(QUESTIONS, name, 'question.ts'))
      .filter(path => existsSync(path) && isJoined(readFileSync(path, 'utf8')))
    onResolve({ filter: /\/question\.ts$/ }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import' && joined.includes(join(resolveDir, path))
        ? { path: 'questions', namespace: 'joined' }
        : undefined,
    )
    onLoad({ filter: /./, namespace: 'joined' }, () => ({
      contents: [
        ...first.map(path => `import ${JSON.stringify(path)}`),
        ...joined.map(path => `export * from ${JSON.stringify(path)}`),
      ].join('\n'),
      resolveDir: dirname(dirname(QUESTIONS)),
    }))
  },
})
