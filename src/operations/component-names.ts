// What people call the parts of an environment, and the one name that each has.

/** Names of other tools' for services; all else is the beginning of its name. */
const synonyms: Readonly<Record<string, string>> = {
  postgresql: 'postgres',
  db: 'postgres',
  cuda: 'accel-cuda',
};

/**
 * The name among `known` that is meant: itself, in other case or with `_`, a synonym, or its beginning of three letters
 * or more where only one begins so (`client` is client-py, `storage` is storage-proxy). Undefined if none is.
 */
export function canonicalName(word: string, known: readonly string[]): string | undefined {
  if (known.includes(word)) return word;
  const plain = word.toLowerCase().replaceAll('_', '-');
  const synonym = synonyms[plain] ?? plain;
  if (known.includes(synonym)) return synonym;
  const [found, ...others] = synonym.length < 3 ? [] : known.filter((name) => name.startsWith(synonym));
  return others.length === 0 ? found : undefined;
}
