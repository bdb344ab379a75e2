// The data files as the page has them: all of it, sample fleet included, is to be small enough to mail.

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
