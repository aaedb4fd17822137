import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '../../src/failure.ts';
import { defaultRelease, findRelease, loadCatalogue, releaseOfId } from '../../src/release/catalogue.ts';
import type { Release } from '../../src/release/release.ts';
import { repository } from '../rig/world.ts';

const catalogue = await loadCatalogue(repository);

describe('the catalogue', () => {
  it('lists the releases from the oldest on', () => {
    const versions = catalogue.releases.map(({ version }) => version);
    expect(versions).toEqual([...versions].sort());
    expect(versions).toEqual(expect.arrayContaining(['20.09', '21.03', '21.09']));
  });

  it('takes 21.09 when nobody names one', () => {
    expect(defaultRelease(catalogue).version).toBe('21.09');
  });

  it.each(['21.03', '2103', ' 21.03 '])('finds a release by %j', (text) => {
    expect(findRelease(catalogue, text).version).toBe('21.03');
  });

  it.each([
    ['22.03', '21.09'],
    ['20.03', '20.09'],
    ['2105', '21.03'],
    ['main', '21.09'],
    ['', '21.09'],
  ])('names the release that is nearest to %j', (text, nearest) => {
    const failure = failureOf(() => findRelease(catalogue, text));
    expect(failure.code).toBe('BAI-RELEASE-UNKNOWN');
    expect(failure.more.next?.[0]?.command).toContain(nearest);
  });

  it.each([
    ['dev2109', '21.09'],
    ['2103', '21.03'],
    ['a-2103', '21.03'],
    ['dev2099', undefined],
    ['dev12109', undefined],
    ['2109dev', undefined],
    ['dev', undefined],
  ])('sees in the ID %j the release %j', (id, version) => {
    expect(releaseOfId(catalogue, id)?.version).toBe(version);
  });
});

describe('a data file', () => {
  let assets: string;
  const file = (name = '2109.yaml'): string => join(assets, 'templates', 'releases', name);
  const change = (from: string | RegExp, to: string): void => {
    const text = readFileSync(file(), 'utf8');
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    writeFileSync(file(), changed);
  };
  /** The line of the file that holds a text, counted from one. */
  const lineOf = (text: string): number =>
    readFileSync(file(), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1;
  const failure = async (): Promise<Failure> => {
    const error: unknown = await loadCatalogue(assets).catch((caught: unknown) => caught);
    if (!(error instanceof Failure)) throw new Error('the catalogue was accepted');
    expect(error.code).toBe('BAI-CATALOGUE');
    return error;
  };

  beforeEach(() => {
    assets = mkdtempSync(join(tmpdir(), 'bai-dev-catalogue-'));
    for (const folder of ['templates', 'fixtures']) {
      cpSync(join(repository, folder), join(assets, folder), { recursive: true });
    }
  });
  afterEach(() => rmSync(assets, { recursive: true, force: true }));

  it('is enough for another release', async () => {
    const text = readFileSync(file(), 'utf8')
      .replace("version: '21.09'", "version: '98.03'")
      .replace('default: true\n', '');
    writeFileSync(file('9803.yaml'), text);
    const wider = await loadCatalogue(assets);
    expect(findRelease(wider, '9803').version).toBe('98.03');
    expect(releaseOfId(wider, 'my9803')?.version).toBe('98.03');
    expect(defaultRelease(wider).version).toBe('21.09');
  });

  it.each([
    ['a value of a wrong type', 'tables: 21', 'tables: many', 'tables: many'],
    ['a key that nobody knows', '\nhalfstack:', '\nsurprise: 1\nhalfstack:', undefined],
    ['a missing key', / {2}head: .*\n/, '', 'database:'],
    ['a hash that is none', /sha256: [0-9a-f]{64}/, 'sha256: abc', 'sha256: abc'],
    ['a path that leaves its folder', 'folder: manager', 'folder: ../manager', 'folder: ../manager'],
    ['a virtualenv in no tree', 'tree: client-py\n    extras', 'tree: nowhere\n    extras', 'tree: nowhere'],
    ['a share that is no tree', 'shares: [client-py]', 'shares: [other]', 'shares: [other]'],
    [
      'a schema in no virtualenv',
      'schema:\n    virtualenv: manager',
      'schema:\n    virtualenv: x',
      'virtualenv: x',
    ],
    ['a port that nobody has', 'probe: { port: webserver', 'probe: { port: nothing', 'port: nothing'],
    ['an account that is not there', 'account: user@', 'account: nobody@', 'account: nobody@'],
    ['a template that is not there', 'client/env-api.sh', 'client/none.sh', 'client/none.sh'],
    ['a fixture that is not there', 'etcd/redis.json', 'etcd/none.json', 'etcd/none.json'],
    ['two files at one place', 'path: alembic.ini', 'path: manager.toml', 'path: manager.toml, format: ini'],
    ['text that is no YAML', 'components:', 'components: [', undefined],
  ])('with %s is refused, with its line', async (_what, from, to, at) => {
    change(from, to);
    const { message, more } = await failure();
    expect(message).toMatch(/2109\.yaml:\d+: .+/);
    if (at !== undefined) expect(more.facts?.['line']).toBe(lineOf(at));
  });

  it('must be the only one of its version', async () => {
    writeFileSync(file('again.yaml'), readFileSync(file(), 'utf8'));
    expect((await failure()).message).toContain('21.09');
  });

  it('must be the default in exactly one case', async () => {
    change('default: true\n', '');
    expect((await failure()).message).toContain('default: true');
  });

  it('must be there at all', async () => {
    renameSync(join(assets, 'templates'), join(assets, 'elsewhere'));
    expect((await failure()).message).toContain('no release');
  });
});

/** Titles of the columns, and what stands in them for a release. */
const columns: readonly (readonly [title: string, cell: (release: Release) => string])[] = [
  ['release', ({ version, default: standard }) => (standard ? `**${version}** (default)` : version)],
  ['Python', ({ python }) => python],
  ...['manager', 'agent', 'common', 'storage-proxy', 'webserver', 'client-py'].map(
    (tree) => [tree, ({ trees }: Release) => trees[tree]?.package?.version ?? ''] as const,
  ),
  [
    'PostgreSQL, Redis, etcd',
    ({ halfstack: { postgres, redis, etcd } }) =>
      [postgres, redis, etcd].map(({ image }) => numberIn(image)).join(', '),
  ],
  [
    'CUDA plugin',
    ({ accelerators }) =>
      Object.values(accelerators.cuda?.trees ?? {})
        .map((tree) => tree.package?.version ?? '')
        .join(', '),
  ],
  ['default kernel image', ({ imageAliases }) => `\`${imageAliases['python']?.replace(/^.*\//, '') ?? ''}\``],
  ['support ended', ({ supportEnds }) => supportEnds],
];

/** `13.7` of `postgres:13.7-alpine` */
const numberIn = (image: string): string => /:v?([\d.]+)/.exec(image)?.[1] ?? image;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

it('is what the README’s table of releases says', () => {
  const { releases } = catalogue;
  const wanted = [
    row(columns.map(([title]) => title)),
    row(columns.map(() => '---')),
    ...releases.map((release) => row(columns.map(([, cell]) => cell(release)))),
  ];
  const written = readFileSync(join(repository, 'README.md'), 'utf8')
    .split('\n')
    .map((line) => line.replace(/-{3,}/g, '---').replace(/ +/g, ' '));
  const start = written.indexOf(wanted[0] ?? '');
  expect(written.slice(start, start + wanted.length), 'the table in README.md').toEqual(wanted);
});

function failureOf(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof Failure) return error;
  }
  throw new Error('nothing failed');
}
