// What lies on disk and may be anything: records, journals, locks, snapshots' lists, settings and stored resolutions. None of it
// ends a command with anything but a failure that a user can act upon.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/cli/settings.ts';
import { lockHolder } from '../../src/environment/lock.ts';
import { statePaths } from '../../src/environment/names.ts';
import { readRestore, writeRestore } from '../../src/environment/restoring.ts';
import { listIds, readRecord } from '../../src/environment/store.ts';
import { readSwitch, switchPaths, writeSwitch } from '../../src/environment/switching.ts';
import { Failure, type FailureCode } from '../../src/failure.ts';
import { listSnapshots, snapshotFolder } from '../../src/halfstack/snapshots.ts';
import { isSound, sealed } from '../../src/python/resolution.ts';
import { fuzz, fuzzTimeout } from './fuzz.ts';
import { sandbox, type Sandbox } from './world.ts';
import { sampleRecord } from '../environment/sample.ts';

let box: Sandbox;
beforeAll(() => {
  box = sandbox();
});
afterAll(() => box.remove());

const put = (path: string, content: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
};

/** Anything JSON, and what breaks programs that believe it. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    '/',
    '/etc',
    '/nowhere/sample/../../etc',
    '../x',
    '\0',
    '\u001b[2J',
    -1,
    1e308,
    null,
    [],
    {},
  ),
  fc.constant('x'.repeat(100_000)),
);

/** A text that is valid but for one place: a part is replaced, added or gone, or the text is cut or nested. */
const damaged = (valid: unknown): fc.Arbitrary<string> => {
  const text = JSON.stringify(valid);
  const places = placesIn(valid);
  return fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(fc.constantFrom(...places), value).map(([at, to]) => replaced(valid, at, to)),
    },
    { weight: 1, arbitrary: fc.nat(text.length).map((length) => text.slice(0, length)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.nat(text.length), fc.string())
        .map(([at, more]) => text.slice(0, at) + more + text.slice(at)),
    },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 1, max: 20_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
    },
    {
      weight: 1,
      arbitrary: fc
        .integer({ min: 1, max: 20_000 })
        .map((depth) => `{"spec":${'{"release":'.repeat(depth)}1${'}'.repeat(depth)}}`),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );
};

type Place = readonly (string | number)[];

function placesIn(content: unknown, here: Place = []): Place[] {
  if (content === null || typeof content !== 'object') return [here];
  const inner = Object.entries(content).flatMap(([key, part]) => placesIn(part, [...here, key]));
  return [here, ...inner, [...here, '__proto__'], [...here, 'more']];
}

function replaced(content: unknown, [key, ...rest]: Place, to: unknown): string {
  if (key === undefined) return JSON.stringify(to);
  const entries = Object.entries(content ?? {}).filter(([name]) => name !== String(key));
  const inner =
    rest.length === 0 ? JSON.stringify(to) : replaced((content as Record<string, unknown>)[key], rest, to);
  const all = entries.map(([name, part]) => `${JSON.stringify(name)}:${JSON.stringify(part)}`);
  return Array.isArray(content)
    ? `[${content.map((part, at) => (String(at) === String(key) ? inner : JSON.stringify(part))).join(',')}]`
    : `{${[...all, `${JSON.stringify(String(key))}:${inner}`].join(',')}}`;
}

/** Nothing is thrown but failures of these codes, in words of a bearable length. */
async function onlyFails(act: () => unknown, ...codes: FailureCode[]): Promise<void> {
  try {
    await act();
  } catch (error) {
    expect(error).toBeInstanceOf(Failure);
    expect(codes).toContain((error as Failure).code);
    expect((error as Failure).message.length).toBeLessThan(2000);
  }
}

test(
  'a record is whole or refused, and then still listed',
  async () => {
    const record = sampleRecord('sample');
    record.resources.push({ kind: 'folder', path: '/nowhere/sample/x', own: true });
    await fuzz('records', damaged(record), async (text) => {
      put(statePaths(box.world.host, 'sample').record, text);
      await onlyFails(
        async () => {
          const found = await readRecord(box.world.host, 'sample');
          for (const one of found?.resources ?? []) {
            if ('path' in one) expect(one.path.startsWith('/nowhere/')).toBe(true);
          }
        },
        'BAI-RECORD-UNREADABLE',
        'BAI-RECORD-NEWER',
      );
      expect(await listIds(box.world.host)).toContain('sample');
    });
  },
  fuzzTimeout,
);

test(
  'a journal is whole or refused',
  async () => {
    const { host } = box.world;
    const before = [{ id: 'one', halfstack: true, daemons: ['manager'] }];
    const journal = {
      schema: 1,
      target: 'two',
      daemons: true,
      before,
      stage: 'starting',
      since: '2026-01-01',
    } as const;
    await writeSwitch(host, journal);
    await fuzz('journals of switches', damaged(journal), async (text) => {
      put(switchPaths(host).journal, text);
      await onlyFails(() => readSwitch(host), 'BAI-RECORD-UNREADABLE');
    });
    const keys = [{ key: 'a', from: 'b', to: 'c' }];
    const restore = { stage: 'staging', snapshot: 's', databasePassword: 'p', keys } as const;
    mkdirSync(statePaths(host, 'sample').folder, { recursive: true });
    await writeRestore(host, 'sample', restore);
    await fuzz('journals of restores', damaged({ schema: 1, ...restore }), async (text) => {
      put(join(statePaths(host, 'sample').folder, 'restore.json'), text);
      await onlyFails(() => readRestore(host, 'sample'), 'BAI-RECORD-UNREADABLE');
    });
  },
  2 * fuzzTimeout,
);

test(
  'a list of files of a snapshot is whole or named as the trouble',
  async () => {
    const { host } = box.world;
    const manifest = {
      ...{
        schema: 1,
        id: 'sample',
        name: 'first',
        createdAt: '2026-01-01',
        release: '21.03',
        engine: 'docker',
      },
      ...{ servers: { postgres: '13' }, missing: [], databasePassword: 'x', keys: {} },
      files: [{ path: 'postgres/x', bytes: 1, sha256: 'a' }],
    };
    await fuzz('lists of snapshots', damaged(manifest), async (text) => {
      put(join(snapshotFolder(host, 'sample', 'first'), 'manifest.json'), text);
      for (const one of await listSnapshots(host, 'sample')) {
        expect(one.manifest ?? one.trouble).toBeDefined();
      }
    });
  },
  fuzzTimeout,
);

test(
  'a lock of any content has a holder or none',
  async () => {
    const path = statePaths(box.world.host, 'sample').lock;
    const machine = { name: 'x', boot: 'y', namespace: 'z' };
    const holder = { pid: 1, started: '5', machine, command: 'x', since: '2026', run: 'y', token: 'z' };
    await fuzz('locks', damaged(holder), async (text) => {
      put(path, text);
      await onlyFails(() => lockHolder(path), 'BAI-FILESYSTEM');
    });
  },
  fuzzTimeout,
);

test(
  'settings are read or refused with their place',
  async () => {
    const path = join(box.world.host.folders.config, 'config.yaml');
    const line = fc.tuple(
      fc.oneof(
        fc.constantFrom('release', 'ports', 'index', 'yes', '&a x', '<<', '? a', '__proto__'),
        fc.string(),
      ),
      fc.oneof(
        fc.constantFrom(
          '21.09',
          '*a',
          '&a [*a]',
          '!!js/function x',
          '|',
          '>-',
          '"',
          '{',
          '[',
          '- - -',
          '%TAG',
        ),
        fc.string({ unit: 'binary' }),
      ),
    );
    const text = fc.oneof(
      fc.array(line, { maxLength: 20 }).map((lines) => lines.map((one) => one.join(': ')).join('\n')),
      fc.integer({ min: 1, max: 5000 }).map((depth) => `release: ${'['.repeat(depth)}`),
      fc
        .integer({ min: 1, max: 400 })
        .map((depth) => Array.from({ length: depth }, (_, at) => `${' '.repeat(at)}a:`).join('\n')),
      fc
        .integer({ min: 2, max: 50 })
        .map((levels) =>
          Array.from(
            { length: levels },
            (_, at) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(at === 0 ? 0 : 9)}x]`,
          ).join('\n'),
        ),
    );
    await fuzz('settings', text, async (content) => {
      put(path, content);
      await onlyFails(() => readConfig(box.world.host), 'BAI-CONFIG');
    });
  },
  fuzzTimeout,
);

test(
  'a stored resolution is the one that was written, or none',
  async () => {
    const pins = sealed('click==8.0.1 \\\n    --hash=sha256:abc\nwheel==0.37.0 \\\n    --hash=sha256:def\n');
    expect(isSound(pins)).toBe(true);
    // what older versions wrote has no seal
    expect(isSound(pins.slice(0, pins.indexOf('# sha256')))).toBe(true);
    for (const bad of ['', '\n', '# nothing\n', 'click==8.0.1 \\\n', '\0'.repeat(4096)]) {
      expect([bad, isSound(bad)]).toEqual([bad, false]);
    }
    const cut = fc.nat(pins.length - 1).map((length) => pins.slice(0, length));
    const zeroed = fc.nat(pins.length - 1).map((at) => pins.slice(0, at) + '\0'.repeat(pins.length - at));
    const changed = fc
      .tuple(fc.nat(pins.length - 1), fc.string({ minLength: 1 }))
      .map(([at, more]) => pins.slice(0, at) + more + pins.slice(at));
    await fuzz('resolutions', fc.oneof(cut, zeroed, changed), (text) => {
      // without its last line whole pins are as an older version wrote them
      if (isSound(text)) expect(pins.startsWith(text) && text.endsWith('def\n')).toBe(true);
    });
  },
  fuzzTimeout,
);
