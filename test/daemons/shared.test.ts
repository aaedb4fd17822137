// The folder of all daemons: whose it is, and what is left of it after the last one.
import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  claimSharedFolder,
  inSharedFolder,
  leaveSharedFolder,
  leaveTouchedFiles,
  strangerOf,
  touchedFiles,
} from '../../src/daemons/shared.ts';
import { loadCatalogue } from '../../src/release/catalogue.ts';
import { repository, sandbox, type Sandbox } from '../rig/world.ts';

const source = new URL('../../src/host/shared.ts', import.meta.url).href;

let box: Sandbox;
let folder: string;
const servers: Server[] = [];
beforeEach(() => {
  box = sandbox();
  folder = join(box.folder, 'backend.ai');
});
afterEach(() => {
  servers.splice(0).forEach((server) => server.close());
  box.remove();
});

/** A socket on which somebody listens, or one that a killed process left. */
async function socket(path: string, living: boolean): Promise<void> {
  if (!living) {
    const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(() => execFileSync(process.execPath, ['-e', program])).toThrow();
    return;
  }
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

it('is made when it is missing, and claimed twice', async () => {
  await claimSharedFolder(box.world, folder);
  await claimSharedFolder(box.world, folder);
  expect(existsSync(folder)).toBe(true);
});

it.skipIf(process.getuid?.() !== 0)('of another user is refused, with the owner and a way out', async () => {
  mkdirSync(folder);
  chownSync(folder, 1, 1);
  await expect(claimSharedFolder(box.world, folder)).rejects.toMatchObject({
    code: 'BAI-OCCUPIED',
    exit: 5,
    message: expect.stringContaining('belongs to daemon') as string,
    more: { next: [{ command: `sudo rm -r ${folder}` }] },
  });
  await leaveSharedFolder(box.world, folder);
  expect(existsSync(folder)).toBe(true);
});

it.skipIf(process.getuid?.() !== 0)(
  'is refused as well where another user made the sockets’ folder',
  async () => {
    mkdirSync(join(folder, 'ipc'), { recursive: true });
    chownSync(join(folder, 'ipc'), 1, 1);
    const stranger = { path: join(folder, 'ipc'), owner: 'daemon' };
    expect(await strangerOf(box.world, folder)).toEqual(stranger);
    await expect(claimSharedFolder(box.world, folder)).rejects.toMatchObject({
      code: 'BAI-OCCUPIED',
      more: { facts: stranger },
    });
    rmdirSync(join(folder, 'ipc'));
    expect(await strangerOf(box.world, folder)).toBeUndefined();
  },
);

it('goes when nothing in it is of use', async () => {
  mkdirSync(join(folder, 'ipc/container'), { recursive: true });
  await socket(join(folder, 'ipc/manager-logger-1.sock'), false);
  await leaveSharedFolder(box.world, folder);
  expect(existsSync(folder)).toBe(false);
});

it('stays where somebody listens or something is kept, and loses only what is of no use', async () => {
  mkdirSync(join(folder, 'ipc/container'), { recursive: true });
  await socket(join(folder, 'ipc/dead.sock'), false);
  await socket(join(folder, 'ipc/living.sock'), true);
  writeFileSync(join(folder, 'ipc/last_registry.dat'), 'sessions');
  await leaveSharedFolder(box.world, folder);
  expect(readdirSync(join(folder, 'ipc'))).toEqual(['last_registry.dat', 'living.sock']);
});

it('stays whole while one of our programs gets ready in it, whoever leaves', async () => {
  await inSharedFolder(
    box.world,
    async () => {
      mkdirSync(join(folder, 'ipc/container'));
      await socket(join(folder, 'ipc/not-yet-heard.sock'), false);
      await leaveSharedFolder(box.world, folder);
      expect(readdirSync(join(folder, 'ipc'))).toEqual(
        expect.arrayContaining(['container', 'not-yet-heard.sock']),
      );
    },
    folder,
  );
  await leaveSharedFolder(box.world, folder);
  expect(existsSync(folder)).toBe(false);
});

it('is not kept by the mark of a process that is gone', async () => {
  const ipc = join(folder, 'ipc');
  const program = `import { markUsed } from ${JSON.stringify(source)};
    await markUsed(process.argv.at(-1));
    process.kill(process.pid, 'SIGKILL');`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', program, ipc];
  expect(() => execFileSync(process.execPath, args)).toThrow();
  expect(readdirSync(ipc)).toHaveLength(1);
  await leaveSharedFolder(box.world, folder);
  expect(existsSync(folder)).toBe(false);
});

it('is not looked for behind a link', async () => {
  const elsewhere = join(box.folder, 'elsewhere');
  mkdirSync(join(elsewhere, 'empty'), { recursive: true });
  mkdirSync(folder);
  symlinkSync(elsewhere, join(folder, 'link'));
  await leaveSharedFolder(box.world, folder);
  expect(existsSync(join(elsewhere, 'empty'))).toBe(true);
});

it.skipIf(process.getuid?.() !== 0)(
  'gives up the files that daemons touch in /tmp, but none of another user, and no folder or link',
  async () => {
    const at = (name: string): string => join(box.folder, name);
    for (const name of ['mine', 'theirs', 'target']) writeFileSync(at(name), '');
    chownSync(at('theirs'), 1, 1);
    symlinkSync(at('target'), at('link'));
    mkdirSync(folder);
    await leaveTouchedFiles(box.world, [...['mine', 'theirs', 'link', 'absent'].map(at), folder]);
    expect(readdirSync(box.folder)).toEqual(expect.arrayContaining(['theirs', 'link', 'target']));
    expect(existsSync(at('mine'))).toBe(false);
    expect(existsSync(folder)).toBe(true);
  },
);

it('knows the files that the daemons of a release touch', async () => {
  const { releases } = await loadCatalogue(repository);
  expect([...touchedFiles(releases)]).toEqual(['/tmp/backendai-xfs-file-lock']);
});
