// Images of kernels: pulled where a registry gives them, and what the engine has is made known to the manager.
import { connectTo, type Connection } from '../docker/client.ts';
import { findImage, imagesLabelled, pullImage } from '../docker/images.ts';
import { imageKeys, kernelLabel } from '../docker/kernels.ts';
import { probeDocker } from '../docker/probe.ts';
import { dockerTrouble } from '../docker/trouble.ts';
import { Failure } from '../failure.ts';
import { etcdRange, etcdTransaction, type EtcdEntry } from '../halfstack/etcd.ts';
import type { Step, StepControl } from '../plan/step.ts';
import type { Resource } from '../resources/resource.ts';
import type { Making } from './making.ts';

const group = 'Kernel images';

/**
 * `kernels:pull` and `kernels:register`. No registry is needed for an environment to be whole: what cannot be
 * pulled is named in a warning. The second step enters what is there from the engine's own word, without asking a
 * registry (facts 14.1 step 5); an image that came later makes it run again.
 */
export function kernelSteps(making: Making): Step<Resource>[] {
  const { kernelImages, release } = making.spec;
  if (release.kernelImages.length === 0) return [];
  return [
    ...(kernelImages.length === 0 ? [] : [pullStep(making)]),
    {
      id: 'kernels:register',
      title: 'known to the manager',
      group,
      after: ['etcd:fill', ...(kernelImages.length === 0 ? [] : ['kernels:pull'])],
      check: async () => (await unregistered(making)).length === 0,
      run: async (control) => {
        const entries = await unregistered(making);
        if (entries.length === 0) return;
        await etcdTransaction(making.endpoints.etcd, { absent: [], put: entries }, making.world.signal);
        control.summary(
          `${entries.filter(({ key }) => key.endsWith('/size_bytes')).length} known to the manager`,
        );
      },
    },
  ];
}

function pullStep(making: Making): Step<Resource> {
  const { kernelImages, release } = making.spec;
  const sizes = new Map(release.kernelImages.map(({ image, bytes }) => [image, bytes]));
  return {
    id: 'kernels:pull',
    title: kernelImages.map(nameOf).join(', '),
    group,
    limit: 'network',
    cost: { bytes: kernelImages.reduce((total, image) => total + (sizes.get(image) ?? 0), 0) },
    inputs: kernelImages,
    run: async (control) => {
      const facts = await engineFacts(making);
      if (facts.state !== 'ok') {
        note(making, 'note', `No kernel image was pulled: ${dockerTrouble(facts)}.`);
        return;
      }
      const connection = connectTo(making.world, facts.address);
      // one after the other: each fills the line to the registry by itself
      for (const image of kernelImages) await pull(making, connection, { image, control });
    },
  };
}

/** Without registry and project. */
const nameOf = (image: string): string => image.slice(image.lastIndexOf('/') + 1);

async function pull(
  making: Making,
  connection: Connection,
  { image, control }: { readonly image: string; readonly control: StepControl },
): Promise<void> {
  if ((await findImage(connection, image)) !== undefined) return;
  try {
    // the title names them; a line has room for one name
    const told = making.spec.kernelImages.length === 1 ? 'pulling' : `pulling ${nameOf(image)}`;
    await pullImage(connection, image, (count) =>
      count.unpacked === undefined
        ? control.progress(told, count)
        : control.progress('layers unpacked', count.unpacked),
    );
    control.summary(`pulled ${nameOf(image)}`);
  } catch (error) {
    making.world.signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    note(
      making,
      'warning',
      `${error.message} Sessions need it: "docker pull ${image}" and then "bai-dev install -e ${making.spec.id}".`,
    );
  }
}

const note = ({ world }: Making, severity: 'note' | 'warning', message: string): void =>
  world.report.emit({ kind: 'note', severity, message });

/** The engine that the agent will use: the halfstack's own, or whichever answers. */
const engineFacts = ({ world, spec }: Making): ReturnType<typeof probeDocker> =>
  probeDocker(world, spec.engine === 'docker' ? spec.engineAddress : undefined);

/** Keys that the manager lacks, of images that lie in the engine under the release's registries. */
async function unregistered(making: Making): Promise<readonly EtcdEntry[]> {
  const { release } = making.spec;
  const facts = await engineFacts(making);
  if (facts.state !== 'ok') return [];
  const connection = connectTo(making.world, facts.address);
  const registries = new Set(release.kernelImages.map(({ image }) => image.split('/')[0]));
  const { prefix } = release.etcd;
  const [images, known] = await Promise.all([
    imagesLabelled(connection, kernelLabel),
    etcdRange(making.endpoints.etcd, `${prefix}images/`, making.world.signal),
  ]);
  const there = new Set(known.map(({ key }) => key));
  // two tags of one image share a key, and a transaction may put each only once
  const wanted = new Map(
    images
      .filter(({ name }) => registries.has(name.split('/')[0]))
      .flatMap((image) => Object.entries(imageKeys(image) ?? {}))
      .map(([key, value]) => [`${prefix}${key}`, value]),
  );
  return [...wanted].filter(([key]) => !there.has(key)).map(([key, value]) => ({ key, value }));
}
