// Gets the images of a stack that the engine does not have yet.
import type { Connection } from '../../docker/client.ts';
import { findImage, pullImage, sum, type PullProgress } from '../../docker/images.ts';
import type { StepControl } from '../../plan/step.ts';
import type { Service, Stack } from '../engine.ts';

/** Names of all images, each once. */
export const imagesOf = (services: readonly Service[]): readonly string[] => [
  ...new Set(services.map(({ image }) => image)),
];

/** Names of the images that are not there, each once. */
export async function missingImages(connection: Connection, stack: Stack): Promise<readonly string[]> {
  const names = imagesOf(stack.services);
  const found = await Promise.all(names.map((name) => findImage(connection, name)));
  return names.filter((_name, at) => found[at] === undefined);
}

/** Pulls what is missing, all at once, and tells the progress of all together as one. */
export async function pullMissing(connection: Connection, stack: Stack, control: StepControl): Promise<void> {
  const missing = await missingImages(connection, stack);
  const pulls = new Map<string, PullProgress>();
  // a line has no room for several names
  const told = `pulling ${missing.length === 1 ? missing[0] : `${missing.length} images`}`;
  const ends = await Promise.allSettled(
    missing.map((name) =>
      pullImage(connection, name, (progress) => {
        pulls.set(name, progress);
        const all = [...pulls.values()];
        const unpacked = all.flatMap((pull) => pull.unpacked ?? []);
        if (all.length < missing.length || unpacked.length < all.length) control.progress(told, sum(all));
        else control.progress('layers unpacked', sum(unpacked));
      }),
    ),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const there = stack.services.length - missing.length;
  control.summary(missing.length === 0 ? `${there} images there` : `pulled ${missing.join(', ')}`);
}
