// Does the package index answer, let us in, and tell since when it has its files?
import { Failure } from '../failure.ts';
import { withoutCredentials } from '../host/http.ts';
import type { Finding } from '../report/events.ts';
import { indexFiles, otherIndex } from '../source/simple.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

/** Seconds that it may take to answer. */
const limit = 10;

/** Asks for one package of the release. What lies in the cache already may make the index unneeded; it is said. */
export async function checkIndex(world: World, { index, release, sources }: Draft): Promise<Checked<never>> {
  const shown = withoutCredentials(index);
  const blocker = (id: string, title: string, cause: string | Failure): Checked<never> => {
    // what failed knows more of the way on; another index comes after it
    const reason = typeof cause === 'string' ? cause : cause.message;
    const own = typeof cause === 'string' ? [] : (cause.more.next ?? []);
    const next = [...own, ...otherIndex(index)];
    const commands = [...new Map(next.map((one) => [one.command, one])).values()];
    return { findings: [{ id, severity: 'blocker', title, reason, next: commands }] };
  };
  if (!/^https?:\/\//.test(index) || !URL.canParse(index))
    return blocker(
      'index.address',
      `${shown} is no package index`,
      'Its address begins with https:// or http://.',
    );
  // of trees from git it has what they depend on, and is no worse for lacking their own packages
  const needed = sources.find(({ source }) => source?.source === 'pypi')?.tree;
  const wanted = release.trees[needed ?? Object.keys(release.trees)[0] ?? '']?.package;
  if (wanted === undefined) return { findings: [] };
  try {
    const files = await indexFiles(world, { index, name: wanted.name, limit, retries: 1 });
    const file =
      files.find((one) => one.file === wanted.file) ?? (needed === undefined ? files[0] : undefined);
    if (file === undefined)
      return blocker('index.files', `${shown} lacks the release`, `It does not have ${wanted.file}.`);
    if (file.uploaded === undefined) {
      return blocker(
        'index.times',
        `${shown} tells no upload times`,
        'Packages of the release could not be chosen as they were on its day.',
      );
    }
    const ok: Finding = {
      id: 'index.reachable',
      severity: 'ok',
      title: `Package index ${new URL(index).host}`,
    };
    return { findings: [ok] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'BAI-NETWORK') return blocker('index.reachable', `${shown} does not answer`, error);
    if (error.code !== 'BAI-INDEX') throw error;
    const { status } = error.more.facts ?? {};
    if (status === 401 || status === 403 || status === 407)
      return blocker('index.access', `${shown} does not let us in`, error);
    return blocker(status === 404 ? 'index.files' : 'index.answer', `${shown} is no package index`, error);
  }
}
