import { afterAll, describe, expect, test } from 'vitest';
import {
  composeFile,
  containerName,
  environmentsFolder,
  markerFile,
  member,
  networkName,
  pyenvRoot,
  statePaths,
  treePath,
  virtualenvName,
  volumeName,
} from '../../src/environment/names.ts';
import { sandbox } from '../rig/world.ts';
import { sampleRecord, sampleRelease } from './sample.ts';

const box = sandbox();
const { host } = box.world;
afterAll(() => box.remove());
const { spec } = sampleRecord('dev1', { installPath: '/work/dev1' });

describe('names', () => {
  test('of state lie in the state folder, per environment', () => {
    expect(environmentsFolder(host)).toBe(`${host.folders.state}/environments`);
    for (const path of Object.values(statePaths(host, 'dev1'))) {
      expect(`${path}/`.startsWith(`${host.folders.state}/environments/dev1/`)).toBe(true);
    }
  });

  test('of an install lie in the install path', () => {
    expect(markerFile(spec)).toBe('/work/dev1/.bai-dev');
    expect(composeFile(spec)).toBe('/work/dev1/docker-compose.halfstack.dev1.yml');
    for (const [name, { folder }] of Object.entries(sampleRelease.trees)) {
      expect(treePath(spec, name)).toBe(`/work/dev1/${folder}`);
    }
  });

  test('of virtualenvs are those of install-dev.sh, and each is another', () => {
    const names = Object.keys(sampleRelease.virtualenvs).map((name) => virtualenvName(spec, name));
    for (const name of names) expect(name).toMatch(/^venv-dev1-[a-z-]+$/);
    expect(new Set(names).size).toBe(names.length);
  });

  test("of the halfstack are compose's own", () => {
    expect(containerName('dev1', 'db')).toBe('dev1-db-1');
    expect(networkName('dev1', 'half')).toBe('dev1_half');
    expect(volumeName('dev1', 'data')).toBe('dev1_data');
  });

  test('that the release does not have are our mistake', () => {
    expect(() => treePath(spec, 'nothing')).toThrow('nothing');
    expect(() => virtualenvName(spec, 'nothing')).toThrow('nothing');
    expect(member({ a: 1 }, 'a', 'letter')).toBe(1);
    expect(() => member({ a: 1 }, 'toString', 'letter')).toThrow('letter');
  });

  test('of pyenv follow PYENV_ROOT where it says something', () => {
    const at = (root: string | undefined) => pyenvRoot({ ...host, variables: { PYENV_ROOT: root } });
    expect(at('/opt/pyenv')).toBe('/opt/pyenv');
    expect(at('')).toBe(`${host.home}/.pyenv`);
    expect(at(undefined)).toBe(`${host.home}/.pyenv`);
  });
});
