// Printed commands begin with what the user has to type: `bai-dev`, `npx bai-dev`, or the path of the program.

/** Changes the commands that a text names into what works where the user stands. */
export type Rewrite = (text: string) => string;

/**
 * Rewrites `bai-dev install …` to `<invocation> install …` for each of these commands, and `bai-dev --help`. Sentences
 * about bai-dev stay as they are, and so does what was rewritten before.
 */
export function rewriteTo(invocation: string, commands: readonly string[]): Rewrite {
  if (invocation === 'bai-dev') return (text) => text;
  const command = `(?:${commands.join('|')})(?![\\w-])`;
  // headings show the product's name: "bai-dev install  dev2109 · …" and "✖ bai-dev install"
  const word = new RegExp(`(?<![\\w./-]|npx |^[✖x] )bai-dev(?= (?:${command}(?! {2})|--|<|COMMAND))`, 'gm');
  return (text) => text.replace(word, () => invocation);
}
