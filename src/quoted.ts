// Words of a command line, as a person may paste them into a shell.

/** As a shell reads it back. */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./~-]+$/.test(word)) return word;
  if (!word.includes("'")) return `'${word}'`;
  // double quotes are easier to read where nothing inside them means something
  if (!/["$`\\!]/.test(word)) return `"${word}"`;
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * The words of a command that is written with nothing but quotes; undefined if a shell would do more with it than
 * split it, as with `&&`, `$HOME` or a quote that is not closed.
 */
export function wordsOf(command: string): string[] | undefined {
  const words: string[] = [];
  let rest = command.trimStart();
  while (rest !== '') {
    const [word = ''] = /^(?:[^\s'"\\$`;&|<>()*?!#[\]{}]|'[^']*'|"[^"$`\\!]*"|\\')+/.exec(rest) ?? [];
    const after = rest.slice(word.length);
    if (word === '' || /^\S/.test(after)) return undefined;
    words.push(
      word.replace(/'([^']*)'|"([^"]*)"|\\(')/g, (_all, ...[a, b, c]: string[]) => a ?? b ?? c ?? ''),
    );
    rest = after.trimStart();
  }
  return words;
}
