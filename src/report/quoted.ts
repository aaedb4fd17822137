// Words of a command line, as a person may paste them into a shell.

/** As a shell reads it back. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
