// Installs whose disk loses its power at random moments: the same command goes on from whatever was on the disk, and what
// is ready stays ready.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { damagedPackages } from '../../src/host/packages.ts';
import { randomFrom, seed } from '../rig/fuzz.ts';
import { attachDisk, type Disk } from '../rig/powercut.ts';
import type { Home } from '../rig/program.ts';
import { requires } from '../rig/require.ts';
import { openStage, type Stage } from '../rig/stage.ts';
import { recordOf } from '../rig/state.ts';

const needed = requires('docker', 'network', 'pyenv', 'root', 'power cut');

describe.skipIf(needed.skip)(needed.title('power cuts'), { timeout: 300_000 }, () => {
  let stage: Stage;
  let disk: Disk;
  let home: Home;
  let id: string;

  beforeAll(async () => {
    disk = attachDisk(1500);
    stage = await openStage();
    home = stage.home({}, disk.folder);
    id = stage.id('cut');
    // the person's home is older than the first power cut
    execFileSync('sync', ['-f', disk.folder]);
  }, 60_000);

  afterAll(async () => {
    await stage.run(home, ['delete', '-e', id, '--yes', '--no-snapshot']);
    await stage.close();
    await disk.remove();
  }, 120_000);

  const install = () => stage.begin(home, stage.install(id), { limit: 110, cwd: stage.program.folder });

  it(`at ten moments of an install leave what the same command finishes (seed ${seed})`, async () => {
    const random = randomFrom(seed);
    for (let cut = 0; cut < 10; cut += 1) {
      const { child, ended } = install();
      await Promise.race([sleep(300 + random() * 2700), ended]);
      disk.cut();
      child.kill('SIGKILL');
      await ended;
      await disk.restart();
    }
    const last = await install().ended;
    expect(last.exit, last.stdout + last.stderr).toBe(0);
  });

  it('right after "is ready" takes nothing back', async () => {
    disk.cut();
    await disk.restart();
    const record = recordOf(home, id)!;
    expect(record.phase).toBe('ready');
    const paths = (kind: string): string[] =>
      record.resources.flatMap((one) => (one.kind === kind && 'path' in one ? [one.path] : []));
    expect(paths('virtualenv').map((path) => damagedPackages(path))).toEqual(
      paths('virtualenv').map(() => []),
    );
    for (const tree of paths('tree')) {
      execFileSync('git', ['-C', tree, 'fsck', '--full', '--strict'], { stdio: 'pipe' });
      expect(execFileSync('git', ['-C', tree, 'status', '--porcelain'], { encoding: 'utf8' })).toBe('');
    }
    for (const file of [...paths('file'), join(record.spec.installPath, '.bai-dev')]) {
      expect([file, statSync(file).size > 0]).toEqual([file, true]);
    }
    const resolutions = join(home.cache, 'resolutions');
    for (const name of readdirSync(resolutions)) {
      expect(readFileSync(join(resolutions, name), 'utf8')).toMatch(/# sha256:[0-9a-f]{64}\n$/);
    }
    const again = await install().ended;
    expect(again.envelope, again.stderr).toMatchObject({ ok: true, result: { outcome: 'unchanged' } });
  });
});
