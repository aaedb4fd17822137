// Addresses of git repositories: as people write them, as git takes them, and as they may be shown.
import { decoded } from '../credentials.ts';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { withoutCredentials } from '../host/http.ts';
import { quoted } from '../quoted.ts';

/** What relative paths and `~` are relative to; without a folder only absolute paths are taken. */
export interface Base {
  readonly home: string;
  readonly folder: string | undefined;
}

/** `git@host:path`, as ssh's own copy program writes it; a single letter would be a drive. */
const scpLike = /^([A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9._-]+:(?!\/\/)[^\s:]+$/;

/**
 * The address of a repository, or of what holds many: http, https, ssh, git, `user@host:path`, or a folder, which
 * becomes a file:// URL. Undefined if it is none; whatever would make git run a program is none.
 */
export function addressOf(text: string, base: Base): string | undefined {
  const written = text.trim();
  if (written === '' || written.startsWith('-') || hasControl(written)) return undefined;
  if (/^[a-z+.-]+:\/\//i.test(written)) {
    const url = URL.canParse(written) ? new URL(written) : undefined;
    const known = ['http:', 'https:', 'ssh:', 'git:', 'file:'].includes(url?.protocol ?? '');
    // ssh takes what begins with a dash for an option
    if (url === undefined || url.hostname.startsWith('-') || url.username.startsWith('-')) return undefined;
    return known && !/\s/.test(written) ? written.replace(/\/+$/, '') : undefined;
  }
  // git runs what stands before two colons
  if (/^[^/]*::/.test(written)) return undefined;
  if (!written.startsWith('.') && scpLike.test(written)) return written.replace(/\/+$/, '');
  const path = written.replace(/^~(?=\/|$)/, base.home);
  if (base.folder === undefined && !path.startsWith('/')) return undefined;
  return pathToFileURL(resolve(base.folder ?? '/', path)).href;
}

/** Where a repository lies when `base` stands for the place that holds the release's repositories. */
export function addressBelow(base: string, repository: string): string {
  return `${base.replace(/\/+$/, '')}/${basename(new URL(repository).pathname, '.git')}`;
}

/** True if two repositories lie in one place, so that where one was moved the other was as well. */
export function areSiblings(one: string, other: string): boolean {
  const place = (address: string): string => new URL('.', address).href;
  return URL.canParse(one) && URL.canParse(other) && place(one) === place(other);
}

/** The address as it may be shown: without credentials, and a folder as a path. By a name alone ssh lets nobody in. */
export function shownAddress(address: string): string {
  if (isFolder(address)) return fileURLToPath(address);
  if (!URL.canParse(address)) return address;
  const { protocol, username } = new URL(address);
  const shown = withoutCredentials(address);
  return protocol === 'ssh:' && username !== '' ? shown.replace('//', `//${username}@`) : shown;
}

/** The same as a person may paste it into a shell. */
export const pastedAddress = (address: string): string => quoted(shownAddress(address));

/** Whom an address leads to: the machine, or the folder. */
export function hostOf(address: string): string {
  if (isFolder(address)) return fileURLToPath(address);
  if (URL.canParse(address)) return new URL(address).host;
  return /^(?:[^@/]*@)?([^:/]+):/.exec(address)?.[1] ?? address;
}

/** True for a repository on this machine's own disk. */
export const isFolder = (address: string): boolean => /^file:\/\//i.test(address);

/** What must never be seen of an address: the password, or the token that stands alone in place of a name. */
export function secretsOf(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { protocol, username, password } = new URL(address);
  const token = /^https?:$/.test(protocol) && username.length >= 8 ? username : '';
  const secret = password || token;
  return secret === '' ? [] : [...new Set([secret, decoded(secret)])];
}

const hasControl = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text);
