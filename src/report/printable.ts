// Words of others, a git server's or a registry's, may hold what a terminal obeys instead of showing it.
import { stripVTControlCharacters } from 'node:util';

/** Controls, but for the ends of lines and tabs. */
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** The same data with texts that can be shown anywhere: without escape sequences and control characters. */
export function printable<T>(value: T): T {
  return shown(value) as T;
}

function shown(value: unknown): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map(shown);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shown(each)]));
}

function clean(text: string): string {
  const plain = stripVTControlCharacters(text);
  const last = plain.includes('\r') ? plain.split('\n').map(lastVersion).join('\n') : plain;
  return last.replace(controls, '');
}

/** A line may have been written over several times, as a percentage is. */
const lastVersion = (line: string): string => line.split('\r').findLast((version) => version !== '') ?? '';

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
