import { describe, expect, it } from 'vitest';
import {
  addressBelow,
  addressOf,
  areSiblings,
  hostOf,
  pastedAddress,
  secretsOf,
  shownAddress,
} from '../../src/source/address.ts';

const base = { home: '/home/me', folder: '/work' };

describe('an address', () => {
  it.each([
    ['https://github.com/lablup/backend.ai-manager', 'https://github.com/lablup/backend.ai-manager'],
    ['https://me:token@host/group/', 'https://me:token@host/group'],
    ['ssh://git@host:2222/manager.git', 'ssh://git@host:2222/manager.git'],
    ['git@github.com:lablup/backend.ai-manager.git', 'git@github.com:lablup/backend.ai-manager.git'],
    ['git://host/manager', 'git://host/manager'],
    ['/srv/git', 'file:///srv/git'],
    ['clones/manager', 'file:///work/clones/manager'],
    ['./a:b', 'file:///work/a:b'],
    ['~/it\'s "here" 100%', "file:///home/me/it's%20%22here%22%20100%25"],
    ['file:///srv/git', 'file:///srv/git'],
  ])('%j', (text, address) => {
    expect(addressOf(text, base)).toBe(address);
  });

  it.each([
    '',
    '--upload-pack=touch /tmp/x',
    '-x',
    'ext::sh -c id',
    'ext::https://host/x',
    'ftp://host/x',
    'ssh://-oProxyCommand=id/x',
    'ssh://-l@host/x',
    'https://host/a b',
    'https://',
    'https://host/a\nb',
    '/srv/a\u0007b',
  ])('is none: %j', (text) => {
    expect(addressOf(text, base)).toBeUndefined();
  });

  it('is relative only where there is something that it could be relative to', () => {
    const nowhere = { home: '/home/me', folder: undefined };
    expect(addressOf('clones', nowhere)).toBeUndefined();
    expect(addressOf('~/clones', nowhere)).toBe('file:///home/me/clones');
  });
});

describe('a base', () => {
  it.each([
    ['https://host/group', 'https://host/group/backend.ai-app'],
    ['git@host:group', 'git@host:group/backend.ai-app'],
    ["file:///it's%20here/", "file:///it's%20here/backend.ai-app"],
  ])('%s holds the repositories by their names', (place, address) => {
    expect(addressBelow(place, 'https://github.com/lablup/backend.ai-app.git')).toBe(address);
  });

  it('is that of all that lie side by side', () => {
    const repository = 'https://github.com/lablup/backend.ai-webserver';
    expect(areSiblings('https://github.com/lablup/backend.ai-app.git', repository)).toBe(true);
    expect(areSiblings('https://github.com/other/backend.ai-app.git', repository)).toBe(false);
    expect(areSiblings('../backend.ai-app.git', repository)).toBe(false);
  });
});

describe('what is shown', () => {
  it('has no credentials, and a folder as people write it', () => {
    expect(shownAddress('https://me:token@host/x')).toBe('https://host/x');
    expect(shownAddress("file:///it's%20here")).toBe("/it's here");
    expect(shownAddress('git@host:x')).toBe('git@host:x');
    expect(shownAddress('ssh://git:word@host:22/x')).toBe('ssh://git@host:22/x');
  });

  it('can be pasted into a shell', () => {
    expect(pastedAddress('https://me:token@host/x')).toBe('https://host/x');
    expect(pastedAddress("file:///it's%20here")).toBe('"/it\'s here"');
    expect(pastedAddress('git@host:x;id')).toBe("'git@host:x;id'");
  });

  it('is the host where many lie on one', () => {
    expect(hostOf('https://me:token@host:81/x')).toBe('host:81');
    expect(hostOf('git@host:x')).toBe('host');
    expect(hostOf('file:///srv/x')).toBe('/srv/x');
  });

  it('never is a password, as it was written or as it is meant', () => {
    expect(secretsOf('https://me:to%40ken@host/x')).toEqual(['to%40ken', 'to@ken']);
    expect(secretsOf('https://ghp_0123456789@host/x')).toEqual(['ghp_0123456789']);
    expect(secretsOf('https://git@host/x')).toEqual([]);
    expect(secretsOf('git@host:x')).toEqual([]);
    expect(secretsOf('ssh://developer@host/x')).toEqual([]);
    expect(secretsOf('ssh://git:word@host/x')).toEqual(['word']);
  });
});
