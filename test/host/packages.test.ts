import { appendFileSync, mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { damagedPackages } from '../../src/host/packages.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
let site: string;
beforeEach(() => {
  box = sandbox();
  site = join(box.folder, 'lib/python3.9/site-packages');
  mkdirSync(join(box.folder, 'bin'), { recursive: true });
  mkdirSync(join(site, 'a_package-1.0.dist-info'), { recursive: true });
  const files = {
    'a.py': 'a = 1',
    'a,b.py': 'b = 2',
    'native.so': 'native',
    'empty.py': '',
    '../../../bin/a': '#!a',
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(site, name), content);
    utimesSync(join(site, name), 1000, 1000);
  }
  const lines = Object.entries(files).map(([name, content]) =>
    [name.includes(',') ? `"${name}"` : name, 'sha256=x', content.length].join(','),
  );
  lines.push('__pycache__/a.pyc,,', 'a_package-1.0.dist-info/RECORD,,');
  writeFileSync(join(site, 'a_package-1.0.dist-info/RECORD'), `${lines.join('\r\n')}\r\n`);
});
afterEach(() => box.remove());

/** A moment after the files were installed. */
const since = 2000 * 1000;
const damage = (): unknown => damagedPackages(box.folder, since);

describe('an installed package', () => {
  it('is whole as it was installed, and after its source was edited', () => {
    expect(damage()).toEqual([]);
    appendFileSync(join(site, 'a.py'), '\n# edited');
    expect(damage()).toEqual([]);
  });

  it.each<[string, boolean, () => void]>([
    ['an empty file', true, () => truncateSync(join(site, 'a.py'))],
    ['an empty file whose name has a comma', true, () => truncateSync(join(site, 'a,b.py'))],
    ['an empty program', true, () => truncateSync(join(box.folder, 'bin/a'))],
    ['an empty RECORD', true, () => truncateSync(join(site, 'a_package-1.0.dist-info/RECORD'))],
    ['no RECORD', true, () => rmSync(join(site, 'a_package-1.0.dist-info/RECORD'))],
    ['a missing file', false, () => rmSync(join(site, 'a.py'))],
    ['half a library', false, () => truncateSync(join(site, 'native.so'), 3)],
    [
      'half a file of the time of the installation',
      false,
      () => {
        truncateSync(join(site, 'a.py'), 3);
        utimesSync(join(site, 'a.py'), 1000, 1000);
      },
    ],
  ])('is damaged by %s', (_, empty, damaging) => {
    damaging();
    expect(damage()).toEqual([{ name: 'a_package', empty }]);
  });

  it('is none where there is no virtualenv', () => {
    expect(damagedPackages(join(box.folder, 'nothing'))).toEqual([]);
  });
});
