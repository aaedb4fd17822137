// Names that a branch, tag or commit can have; loads nothing, as the command line asks.

/** What is wrong with a text as the name of a branch, tag or commit; undefined if nothing is. */
export function refFault(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if (text.startsWith('-')) return 'it begins with a dash';
  if (text.includes('..')) return 'it contains ".."';
  if (/\s/.test(text)) return 'it contains a space';
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'it contains a control character';
  const forbidden = /[~^:?*[\\]|@\{/.exec(text)?.[0];
  if (forbidden !== undefined) return `it contains ${JSON.stringify(forbidden)}`;
  const parts = text.split('/');
  const odd = parts.some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock'));
  if (odd || text.endsWith('.') || text === '@' || text === 'HEAD') return 'git allows no such name';
  return undefined;
}
