// Hides an environment's own secrets in what daemons and servers wrote: upstream's debug logs print their settings.
import { masking } from '../credentials.ts';
import type { Secrets } from './record.ts';

/** A function that hides the passwords and keys of an environment in a line, as they are and as URLs write them. */
export function secretsMasked(secrets: Secrets): (line: string) => string {
  const { databasePassword, redisPassword, storageManagerKey, storageSecret, certificateKey } = secrets;
  // a private key has many lines, and a log shows each on its own or all in one
  const lines = certificateKey.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  const words = [databasePassword, redisPassword, storageManagerKey, storageSecret, ...lines];
  return masking(words.flatMap((word) => [...new Set([word, encodeURIComponent(word)])]));
}
