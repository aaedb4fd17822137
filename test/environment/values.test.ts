import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { blockPorts } from '../../src/environment/ports.ts';
import { holesOf, render } from '../../src/environment/render.ts';
import { valuesOf } from '../../src/environment/values.ts';
import { loadCatalogue } from '../../src/release/catalogue.ts';
import { repository } from '../rig/world.ts';
import { sampleRecord } from './sample.ts';

const { releases } = await loadCatalogue(repository);
const base = 20_000;
const awkward = `/srv/it's "odd" \\ 100% #1 ünï/dev`;

describe.each(releases.map((release) => [release.version, release] as const))('%s', (_version, release) => {
  const record = sampleRecord('sample', { ports: blockPorts(base), base, installPath: awkward });
  const values = valuesOf({ ...record.spec, release }, record.secrets);
  const account = { email: 'e', password: 'p', accessKey: 'a', secretKey: 's' };
  const templates = release.files.map((file) => ({
    ...file,
    text: readFileSync(join(repository, 'templates', file.template), 'utf8'),
  }));
  const tomls = templates.filter(({ format }) => format === 'toml');

  it.each(templates.map((file) => [file.path, file] as const))('fills %s', (_path, file) => {
    const filled = render(
      file.text,
      { ...values, ...(file.account === undefined ? {} : account) },
      file.format,
    );
    expect(filled).not.toContain('{{');
    if (file.format === 'toml') parse(filled);
  });

  it.each(tomls.map((file) => [file.path, file.text] as const))(
    'puts only loopback and its own ports into %s',
    (_path, text) => {
      for (const [key, value] of leaves(parse(render(text, values, 'toml')))) {
        if (/(^|-)(port|port-range)$/.test(key)) expect(value).toSatisfy(isOwnPort, key);
        if (/^(host|ip)$|-host$/.test(key)) expect(value).toBe('127.0.0.1');
        if (typeof value === 'string') expect(value).not.toMatch(/0\.0\.0\.0|localhost/);
      }
    },
  );

  it('uses every port, so that no daemon falls back on a number of its own', () => {
    const asked = new Set(
      tomls.flatMap(({ text }) => holesOf(text)).filter((name) => name.startsWith('port.')),
    );
    const elsewhere = ['etcdPeer', 'wsproxy'];
    const expected = Object.keys(record.spec.ports).filter((name) => !elsewhere.includes(name));
    expect([...asked].sort()).toEqual(expected.map((name) => `port.${name}`).sort());
  });

  it('runs one process of each daemon, whatever the machine has', () => {
    for (const { text } of tomls) {
      const processes = leaves(parse(render(text, values, 'toml'))).filter(([key]) => key === 'num-proc');
      for (const [, value] of processes) expect(value).toBe(1);
    }
  });

  it('keeps the path as it is where a daemon reads it', () => {
    const storage = tomls.find(({ path }) => path === 'storage-proxy.toml');
    const parsed = parse(render(storage?.text ?? '', values, 'toml'));
    expect(parsed['volume']).toEqual({ volume1: { backend: 'vfs', path: `${awkward}/vfolder/local` } });
  });
});

function isOwnPort(value: unknown): boolean {
  return typeof value === 'number' && value >= base && value < base + 200;
}

/** Every value in a table that is neither a table nor a list, with its own key. */
function leaves(value: unknown, key = ''): [string, unknown][] {
  if (Array.isArray(value)) return value.flatMap((part) => leaves(part, key));
  if (value === null || typeof value !== 'object') return [[key, value]];
  return Object.entries(value).flatMap(([name, part]) => leaves(part, name));
}
