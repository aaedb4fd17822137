import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { releaseSchema } from '../../src/release/release.ts';
import { copiesOf, declaredVersion, normalVersion } from '../../src/source/copies.ts';
import { makeStandIns } from '../rig/components.ts';
import { startIndex } from '../rig/index.ts';
import { releaseOf } from '../rig/release.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

const put = (files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(box.folder, path)), { recursive: true });
    writeFileSync(join(box.folder, path), text);
  }
};

describe('the version of a tree', () => {
  it.each([
    [
      {
        'setup.cfg': '[metadata]\nname = x\nversion = attr: ai.backend.agent.__version__\n',
        'src/ai/backend/agent/__init__.py': "__version__ = '21.03.9'\n",
      },
      '21.3.9',
    ],
    [
      {
        'setup.cfg': '[metadata]\nversion = attr: src.web.__version__\n',
        'src/web/__init__.py': '__version__ = "21.09.5"\n',
      },
      '21.9.5',
    ],
    [{ 'setup.cfg': '[metadata]\nversion = 20.09.0\n' }, '20.9.0'],
    [{ 'pyproject.toml': '[project]\nversion = "1.0"\n' }, '1.0'],
    [{ 'setup.py': 'setup(version=compute())' }, undefined],
  ])('is what its own files say: %j', async (files, version) => {
    put(files);
    expect(await declaredVersion(box.folder)).toBe(version);
  });

  it.each([
    ['21.03.0', '21.3.0'],
    ['21.09.0.dev0', '21.9.0.dev0'],
    ['20.03.0RC1', '20.3.0rc1'],
  ])('%s is %s on an index', (text, version) => {
    expect(normalVersion(text)).toBe(version);
  });
});

it("lists the declared version's files before the release's, those of other machines not at all", async () => {
  const standIns = makeStandIns();
  const { manager } = releaseSchema.parse(releaseOf(standIns)).trees;
  const [of] = standIns.distributions;
  const other = (file: string) => ({ ...of!, file, content: Buffer.from(file) });
  const machine = process.arch === 'x64' ? 'x86_64' : 'aarch64';
  const index = await startIndex({
    distributions: [
      ...standIns.distributions,
      ...[
        'standin_manager-0.9-py3-none-win_amd64.whl',
        `standin_manager-0.9-py3-none-linux_${machine}.whl`,
      ].map(other),
      ...['standin-manager-0.9.tar.gz', 'standin-manager-0.8.tar.gz'].map(other),
    ],
  });
  try {
    put({ 'pyproject.toml': '[project]\nversion = "0.09"\n' });
    const found = await copiesOf(box.world, { tree: manager!, folder: box.folder, index: index.url });
    expect(found.map(({ file }) => file)).toEqual([
      'standin-manager-0.9.tar.gz',
      `standin_manager-0.9-py3-none-linux_${machine}.whl`,
      'standin-manager-1.0.tar.gz',
      'standin_manager-1.0-py3-none-any.whl',
    ]);
  } finally {
    await index.close();
  }
});
