// Words of others, a git server's or a registry's, may hold what a terminal obeys instead of showing it.
import { stripVTControlCharacters } from 'node:util';

/** Controls, but for the ends of lines and tabs. */
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;
/** A line that was written over by its next version, as of a percentage; the last one counts. */
const overwritten = /[^\n]*\r(?=[^\r\n])/g;

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
  return stripVTControlCharacters(text).replace(overwritten, '').replaceAll('\r', '').replace(controls, '');
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
