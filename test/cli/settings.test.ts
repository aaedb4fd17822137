// Precedence of flags, variables and the config file, and every way in which a value can be wrong.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { optionNames } from '../../src/cli/options.ts';
import { readSettings } from '../../src/cli/settings.ts';
import { Failure } from '../../src/failure.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

function config(text: string): string {
  const { config: folder } = box.world.host.folders;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'config.yaml');
  writeFileSync(path, text);
  return path;
}

const read = (typed = {}, variables: Record<string, string> = {}, readsConfig = true) =>
  readSettings({ ...box.world.host, variables }, typed, { variables: optionNames, readsConfig });

async function failure(settings: Promise<unknown>): Promise<Failure> {
  const error: unknown = await settings.then(
    () => new Error('nothing was wrong'),
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw error;
}

describe('precedence', () => {
  it('keeps what was typed apart, and variables before the file', async () => {
    config('release: 20.09\nengine: docker\n');
    const settings = await read({ release: '21.03' }, { BAI_DEV_RELEASE: '21.09' });
    expect(settings).toEqual({
      wishes: { release: '21.03' },
      defaults: { release: '21.09', engine: 'docker' },
    });
  });

  it('takes an empty variable for none', async () => {
    config('release: 20.09\n');
    expect((await read({}, { BAI_DEV_RELEASE: '' })).defaults).toEqual({ release: '20.09' });
  });

  it('does not need a config file, and an empty one is none', async () => {
    expect(await read()).toEqual({ wishes: {}, defaults: {} });
    config('# nothing yet\n');
    expect(await read()).toEqual({ wishes: {}, defaults: {} });
  });

  it('leaves a broken file alone where it does not count', async () => {
    config('{');
    expect(await read({}, {}, false)).toEqual({ wishes: {}, defaults: {} });
  });

  it('ignores variables of options that must be typed', async () => {
    const host = { ...box.world.host, variables: { BAI_DEV_YES: 'true' } };
    expect(await readSettings(host, {}, { variables: ['json'], readsConfig: true })).toEqual({
      wishes: {},
      defaults: {},
    });
  });
});

describe('paths', () => {
  it('may begin with ~ or be relative to where we stand', async () => {
    expect((await read({ 'install-path': '~/work/x' })).wishes).toEqual({
      'install-path': join(box.world.host.home, 'work/x'),
    });
    expect((await read({ 'install-path': 'x/../y' })).wishes).toEqual({
      'install-path': join(box.world.host.cwd, 'y'),
    });
  });

  it('may not be relative in the file, which stands nowhere', async () => {
    const path = config('install-path: work\n');
    const { code, message } = await failure(read());
    expect(code).toBe('BAI-CONFIG');
    expect(message).toBe(`${path}, line 1: install-path: "work" must begin with / or ~/.`);
  });
});

describe('a wrong value', () => {
  it.each([
    ['environment', 'Bad!', /^--environment: "Bad!" is not an environment ID/],
    ['environment', 'manager', /^--environment: "manager" is the name of a part/],
    ['release', ' ', /^--release: a value is missing\.$/],
    ['python-version', '2.7', /^--python-version: "2\.7" is no version like 3\.9 or 3\.9\.18\.$/],
    ['python-version', '3', /^--python-version: /],
    ['engine', 'podman', /^--engine: "podman" is not offered; there is docker, native, auto\.$/],
    ['source', 'tarball', /^--source: "tarball" is not offered; there is git, pypi, auto\.$/],
    ['install-path', '', /^--install-path: "" is no path\.$/],
    ['index', 'ftp://x', /^--index: it must be an address that begins with http/],
    ['index', 'pypi.org', /^--index: /],
    ['ports', '80', /^--ports: "80" is no number from 1024 to 65336\.$/],
    ['ports', '65337', /^--ports: /],
    ['postgres-port', '0', /^--postgres-port: "0" is no port from 1 to 65535\.$/],
    ['redis-port', '65536', /^--redis-port: /],
    ['etcd-port', '1e3', /^--etcd-port: /],
    ['manager-port', '-1', /^--manager-port: /],
    ['webserver-port', '80.5', /^--webserver-port: /],
  ])('--%s %s is told', async (name, text, words) => {
    const { code, message } = await failure(read({ [name]: text }));
    expect(code).toBe('BAI-USAGE');
    expect(message).toMatch(words);
  });

  it('names the variable it came from', async () => {
    const { code, message, exit } = await failure(read({}, { BAI_DEV_POSTGRES_PORT: 'x' }));
    expect([code, exit]).toEqual(['BAI-CONFIG', 2]);
    expect(message).toBe('BAI_DEV_POSTGRES_PORT: "x" is no port from 1 to 65535.');
  });
});

describe('a config file', () => {
  it.each([
    ['release: 21.09\nrelase: 21.03\n', 'line 2: there is no key relase. Did you mean release?'],
    ['release: 21.09\n\nredis-port: 99999\n', 'line 3: redis-port: "99999" is no port from 1 to 65535.'],
    ['release: 21.09\nrelease: 21.03\n', 'line 2: Map keys must be unique.'],
    ['release: [21.09]\n', 'line 1: release must have one value.'],
    ['release:\n', 'line 1: release: a value is missing.'],
    ['json: maybe\n', 'line 1: json: "maybe" is neither true nor false.'],
    ['- 21.09\n', 'line 1: it must hold lines like "release: 21.09".'],
    ['just words\n', 'line 1: it must hold lines like "release: 21.09".'],
  ])('%j is told by file, line and key', async (text, words) => {
    const path = config(text);
    const { code, message } = await failure(read());
    expect(code).toBe('BAI-CONFIG');
    expect(message).toBe(`${path}, ${words}`);
  });

  it('that is no YAML is told by file and line', async () => {
    const path = config('release: "21.09\nengine: docker\n');
    const { code, message } = await failure(read());
    expect(code).toBe('BAI-CONFIG');
    expect(message.startsWith(`${path}, line `)).toBe(true);
  });

  it('may be a folder, which cannot be read', async () => {
    mkdirSync(join(box.world.host.folders.config, 'config.yaml'), { recursive: true });
    expect((await failure(read())).code).toBe('BAI-FILESYSTEM');
  });
});
