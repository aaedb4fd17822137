// Removes the credentials of URLs from text that is shown, printed as JSON or written to a log.

/** What stands in place of credentials in a command that is meant to be copied. */
export const credentialsPlaceholder = 'USER:PASSWORD';

/**
 * The same text in which every URL has `placeholder` instead of its credentials. A user name alone is a secret of
 * http(s) only, where tokens are given that way: `ssh://git@host` stays as it is.
 */
export function withoutUrlCredentials(text: string, placeholder = '•••'): string {
  if (!text.includes('://')) return text;
  // the characters of an authority; without a slash, so that the search stays linear in hostile text
  return text.replace(/:\/\/([^\s/?#'"<>`]*)@/g, (found, credentials: string, at: number) => {
    const isWeb = /https?$/i.test(text.slice(Math.max(0, at - 5), at));
    if (credentials === '' || (!isWeb && !credentials.includes(':'))) return found;
    return `://${placeholder}@`;
  });
}

/** The same for one word of a command line, which may also be a URL that cannot be parsed, as `http://a:b/c@host`. */
export function wordWithoutCredentials(word: string): string {
  const masked = withoutUrlCredentials(word, credentialsPlaceholder);
  const url = /https?:\/\/\S*$/i.exec(masked)?.[0];
  if (url === undefined || URL.canParse(url)) return masked;
  return masked.replace(/(https?:\/\/)\S*@/i, `$1${credentialsPlaceholder}@`);
}

/** A part of a URL without its percent signs; as it is where they mean nothing, as in `%zz`. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Replaces these strings, longest first, wherever they stand in a text. */
export function masking(secrets: readonly string[]): (text: string) => string {
  const hidden = secrets.filter((secret) => secret.length > 0).sort((a, b) => b.length - a.length);
  return (text) => hidden.reduce((masked, secret) => masked.replaceAll(secret, '•••'), text);
}

/** Plain data in which no text holds the credentials of a URL. */
export function dataWithoutCredentials<T>(value: T): T {
  return masked(value) as T;
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return withoutUrlCredentials(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, masked(each)]));
}
