// Words of a command line, as a person may paste them into a shell.

/** As a shell reads it back. */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./~-]+$/.test(word)) return word;
  if (!word.includes("'")) return `'${word}'`;
  // double quotes are easier to read where nothing inside them means something
  if (!/["$`\\!]/.test(word)) return `"${word}"`;
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
