import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { usageOf } from '../../src/host/usage.ts';
import { sandbox } from '../rig/world.ts';

it('what a folder occupies is what du says: holes, several names of one file and links included', async () => {
  const box = sandbox();
  try {
    const folder = join(box.folder, 'all');
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
    writeFileSync(join(folder, 'deep/big'), Buffer.alloc(300_000, 1));
    linkSync(join(folder, 'deep/big'), join(folder, 'deep/er/same'));
    writeFileSync(join(folder, 'hole'), 'x');
    truncateSync(join(folder, 'hole'), 50_000_000);
    symlinkSync('/usr', join(folder, 'link'));
    const [said = ''] = execFileSync('du', ['-s', '--block-size=1', folder], { encoding: 'utf8' }).split(
      '\t',
    );
    expect(await usageOf(folder)).toBe(Number(said));
    expect(await usageOf(join(folder, 'nothing'))).toBe(0);
  } finally {
    box.remove();
  }
});
