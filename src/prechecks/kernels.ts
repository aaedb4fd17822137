// Can the images of kernels be had? Without them everything runs but sessions.
import { connectTo } from '../docker/client.ts';
import { findImage, pullTrouble } from '../docker/images.ts';
import { probeDocker } from '../docker/probe.ts';
import { dockerTrouble } from '../docker/trouble.ts';
import { Failure } from '../failure.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

/** What is missing and cannot be pulled is a warning that names it; an environment that is there is not asked again. */
export async function checkKernels(world: World, draft: Draft): Promise<Checked<never>> {
  const wanted = draft.kernelImages ?? [];
  if (wanted.length === 0 || draft.record?.phase === 'ready') return { findings: [] };
  const facts = await probeDocker(world, draft.record?.spec.engineAddress || undefined);
  if (facts.state !== 'ok') {
    const reason = `${wanted.join(', ')}: pulled by the next install that can use Docker.`;
    return {
      findings: [
        {
          id: 'kernels.engine',
          severity: 'note',
          title: `Kernel images are not pulled: ${dockerTrouble(facts)}`,
          reason,
        },
      ],
    };
  }
  try {
    const connection = connectTo(world, facts.address);
    const found = await Promise.all(wanted.map((image) => findImage(connection, image)));
    const missing = wanted.filter((_, at) => found[at] === undefined);
    if (missing.length === 0)
      return { findings: [{ id: 'kernels.images', severity: 'ok', title: 'Kernel images are there' }] };
    const troubles = await Promise.all(missing.map((image) => pullTrouble(connection, image)));
    const lost = missing.filter((_, at) => troubles[at] !== undefined);
    const [why] = troubles.filter((trouble) => trouble !== undefined);
    if (why === undefined) {
      const bytes = draft.release.kernelImages.reduce(
        (sum, { image, bytes: size }) => sum + (missing.includes(image) ? size : 0),
        0,
      );
      const title = `Kernel images to be pulled: about ${(bytes / 1e9).toFixed(1)} GB`;
      return {
        findings: [{ id: 'kernels.images', severity: 'note', title, reason: `${missing.join(', ')}.` }],
      };
    }
    return {
      findings: [
        {
          id: 'kernels.registry',
          severity: 'warning',
          title: `No session can be started without ${lost.join(' and ')}`,
          reason: `Docker hears from the registry: ${why}. Everything else is installed and runs.`,
          next: [
            ...lost.map((image) => ({ purpose: 'get it some other time', command: `docker pull ${image}` })),
            { purpose: 'or want none', command: `bai-dev install -e ${draft.id} --no-kernel-images` },
          ],
        },
      ],
    };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'BAI-ENGINE') throw error;
    return { findings: [] }; // the check of the engine itself tells of that
  }
}
