import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { provideUv, runUv, uvPin } from '../../src/python/uv.ts';
import { startIndex, type Index } from '../rig/index.ts';
import { requires } from '../rig/require.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';

const needed = requires('network');
const progress = (): void => undefined;

let index: Index;
let box: Sandbox;
beforeAll(async () => {
  index = await startIndex({ forward: ['uv'] });
});
afterAll(() => index.close());
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

const call = (args: readonly string[]) => ({
  program: uvPin(box.world.host).program,
  args,
  index: index.url.replace('//', '//me:secret@'),
  failure: { code: 'BAI-PYTHON-INSTALL' as const, reason: 'It did not work.' },
});

describe.skipIf(needed.skip)(needed.title('uv'), () => {
  it('is brought once, also by several at a time, and is the pinned one', async () => {
    const brought = await Promise.all(
      [1, 2, 3].map(() => provideUv(box.world, { index: index.url, progress })),
    );
    const { program, version } = brought[0]!;
    expect(readdirSync(join(box.world.host.folders.cache, 'uv'))).toEqual([version]);
    expect((await runUv(box.world, call(['--version']))).stdout).toContain(`uv ${version}`);
    index.requests.length = 0;
    await provideUv(box.world, { index: index.url, progress });
    expect(index.requests).toEqual([]);
    expect(existsSync(program)).toBe(true);
  }, 60_000);

  it("fails with its own last words, and shows the index's credentials nowhere", async () => {
    await provideUv(box.world, { index: index.url, progress });
    const requirements = join(box.folder, 'requirements.in');
    writeFileSync(requirements, 'no-such-package-of-ours\n');
    const failure: unknown = await runUv(box.world, call(['pip', 'compile', requirements])).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 'BAI-PYTHON-INSTALL',
      message: 'It did not work.',
      more: {
        lines: expect.arrayContaining([expect.stringContaining('no-such-package-of-ours')]) as string[],
      },
    });
    expect(JSON.stringify([failure, box.events])).not.toContain('secret');
  }, 60_000);

  it('is refused for a platform that has none', () => {
    expect(() => uvPin({ ...box.world.host, architecture: 'mips' })).toThrow('There is no uv for');
  });
});
