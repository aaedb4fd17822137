import { describe, expect, it } from 'vitest';
import { composeFile, markerFile } from '../../src/environment/names.ts';
import { splitOf, type Part } from '../../src/operations/belongings.ts';
import type { Resource } from '../../src/resources/resource.ts';
import { sampleRecord } from '../environment/sample.ts';

const { spec } = sampleRecord('dev', { installPath: '/home/you/dev' });
const engine = 'unix:///var/run/docker.sock';
const resources: Resource[] = [
  { kind: 'lease', base: 0 },
  { kind: 'folder', path: '/home/you/dev', own: false },
  { kind: 'file', path: markerFile(spec), hashes: [] },
  { kind: 'file', path: composeFile(spec), hashes: [] },
  { kind: 'volume', name: 'dev_data', engine },
  { kind: 'folder', path: '/state/dev/halfstack', own: true },
  { kind: 'server', name: 'redis', path: '/state/dev/halfstack/redis', program: '/usr/bin/redis-server' },
  { kind: 'tree', path: '/home/you/dev/manager', tree: 'manager' },
  { kind: 'file', path: '/home/you/dev/manager/manager.toml', hashes: [], tree: '/home/you/dev/manager' },
  { kind: 'virtualenv', name: 'venv-dev-manager', path: '/home/you/dev/manager/.venv' },
  { kind: 'folder', path: '/home/you/dev/vfolder', own: true },
];

/** What goes, by kind and the end of its path or name. */
const going = (...kept: readonly Part[]): string[] =>
  splitOf({ ...sampleRecord('dev'), spec, resources }, new Set(kept)).go.map((one) =>
    [one.kind, ('path' in one ? one.path : 'name' in one ? one.name : '').split('/').at(-1)].join(' '),
  );

describe('what goes and what stays', () => {
  it('is all of it where nothing is to be kept', () => {
    expect(going()).toHaveLength(resources.length);
  });

  it('leaves the halfstack with its folders and the virtual folders, and ports and marker while anything stays', () => {
    expect(going('halfstack')).toEqual([...['tree manager', 'file manager.toml', 'virtualenv .venv']]);
  });

  it('leaves what holds something that is to be kept: a tree in which a virtualenv lies', () => {
    expect(going('virtualenvs')).not.toContain('tree manager');
    expect(going('virtualenvs')).not.toContain('folder dev');
    expect(going('virtualenvs')).toContain('volume dev_data');
  });

  it('leaves source trees and what we wrote into them, but not the virtualenv in one', () => {
    expect(going('sources')).toEqual([
      `file ${composeFile(spec).split('/').at(-1)}`,
      ...['volume dev_data', 'folder halfstack', 'server redis', 'virtualenv .venv', 'folder vfolder'],
    ]);
  });

  it('has the same things on both sides as in the record', () => {
    const { go, stay } = splitOf({ ...sampleRecord('dev'), spec, resources }, new Set(['sources']));
    expect(new Set([...go, ...stay])).toEqual(new Set(resources));
    expect(go.length + stay.length).toBe(resources.length);
  });
});
