// git-lfs, the program: whether it is there, and what it can get from the server that a repository came from.
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import { execute } from '../host/exec.ts';
import { makeFolder, readText, removeFile } from '../host/files.ts';
import type { World } from '../world.ts';
import { remoteGit } from './transport.ts';

/** True if git can do `git lfs`; says nothing of a server. */
export async function hasGitLfs(world: World): Promise<boolean> {
  const asked = { file: 'git', args: ['lfs', 'version'], cwd: '/', limit: 10, quiet: true };
  return execute(world, asked).then(
    () => true,
    (error: unknown) => {
      world.signal.throwIfAborted();
      if (error instanceof Failure) return false;
      throw error;
    },
  );
}

/** Seconds without a byte, where the user tells git no other. */
const patience = 30;

/**
 * Brings what git-lfs can get into a working copy. A server over its quota, or one without LFS, is no reason to give
 * up: gives what it said, if anything.
 */
export async function pullLargeFiles(
  world: World,
  { folder, address }: { readonly folder: string; readonly address: string },
): Promise<string | undefined> {
  const progress = join(folder, '.git/bai-dev/lfs-progress');
  await makeFolder(dirname(progress));
  const seconds = Number(world.host.variables['GIT_HTTP_LOW_SPEED_TIME']) || patience;
  const silent = new AbortController();
  const watch = watchGrowth(progress, seconds, () =>
    silent.abort(new Failure('BAI-SOURCE-TRANSFER', `git-lfs heard nothing for ${seconds} s`)),
  );
  try {
    const watched = { ...world, signal: AbortSignal.any([world.signal, silent.signal]) };
    await remoteGit(watched, {
      folder,
      addresses: [address],
      args: ['lfs', 'pull'],
      variables: { GIT_LFS_PROGRESS: progress },
      limit: 3600,
    });
    return undefined;
  } catch (error) {
    world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    if (silent.signal.aborted) return error.message;
    return /^batch response: (.+?)\.?$/m.exec((error.more.lines ?? []).join('\n'))?.[1];
  } finally {
    clearInterval(watch);
    await removeFile(progress);
  }
}

/**
 * By itself git-lfs waits as long as a server tells it to, which may be an hour. It writes down every piece that it
 * gets: calls `end` where nothing is added for so many seconds.
 */
function watchGrowth(path: string, seconds: number, end: () => void): NodeJS.Timeout {
  const seen = { length: 0, at: performance.now() };
  const look = async (): Promise<void> => {
    const { length } = (await readText(path).catch(() => undefined)) ?? '';
    if (length !== seen.length) Object.assign(seen, { length, at: performance.now() });
    else if (performance.now() - seen.at > seconds * 1000) end();
  };
  return setInterval(() => void look(), 500);
}
