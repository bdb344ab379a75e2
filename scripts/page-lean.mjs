// Data files and libraries as the page has them: all of it, sample fleet included, is to be small enough to mail.

/**
 * Data without comments, sources and columns, which are for people. What stands before a line's first word is kept:
 * it says what the line belongs to; so is that a source was not at hand, which is told.
 */
export const dataAlone = text =>
  text
    .replace(/^#.*\n/gm, '')
    // A source on a line of its own belongs to the line above.
    .replace(/\n {4,}(?=\[)/g, ' ')
    .replace(/ +\[[\w; .-]+\](?= *(?:#.*)?$)/gm, sources =>
      sources.includes('unverified') ? ' [unverified]' : ' [-]',
    )
    .replace(/(?<=\S) {2,}/g, ' ')

/**
 * A library's module of which esbuild can leave out what is not used: it may drop what a function makes that is marked
 * as pure, and never an initializer that spreads, joins or calls something.
 */
export const withPureValues = text =>
  text.replace(
    /^(var \w+ = )(?!class|function)(.*|[\s\S]*?\n[\]}].*);$/gm,
    '$1/* @__PURE__ */ (() => ($2))();',
  )

/** js-yaml without what its dumper asks of tags, and without the words around its errors' reasons: place and excerpt are our own. */
export const withoutExcerpts = text =>
  text
    .replace(/^function (makeSnippet|formatError)\([\s\S]*?^}/gm, 'function $1() {}')
    .replace(/^\t+(?:identify|represent|representTagName): (?:.*[^{\n]|.*\{\n[\s\S]*?^\t\},?)\n/gm, '')

const NAME = '[\\w$]+'

/** A bundled module without the members of its namespaces (`define(space, { name: () => value })`) that it takes nowhere. */
export const withUsedMembers = text =>
  text.replace(
    new RegExp(`(${NAME})\\((${NAME}),\\{((?:${NAME}:\\(\\)=>${NAME},?)+)\\}\\);`, 'g'),
    (_, define, space, members) => {
      const taken = new RegExp(`\\{([^{}]*)\\}=${space.replaceAll('$', '\\$')}(?![\\w$.])`, 'g')
      const used = Array.from(text.matchAll(taken), ([, names]) => names.split(',')).flat()
      const isUsed = member => used.some(name => name.split(':')[0] === member.split(':')[0])
      return `${define}(${space},{${members.split(',').filter(isUsed)}});`
    },
  )
