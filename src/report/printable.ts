// Words of others, a git server's or a registry's, may hold what a terminal obeys instead of showing it.
import { stripVTControlCharacters } from 'node:util';

/** Controls, but for the ends of lines and tabs. */
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/** The same data with texts that can be shown anywhere: without escape sequences and control characters. */
export const printable = <T>(value: T): T => mapTexts(value, clean);

/** The same data with every text in it changed. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
  const map = (each: unknown): unknown => {
    if (typeof each === 'string') return change(each);
    if (Array.isArray(each)) return each.map(map);
    if (!isPlain(each)) return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, map(inner)]));
  };
  return map(value) as T;
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
