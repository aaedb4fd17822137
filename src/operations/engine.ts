// Decides what runs a new environment's halfstack, and says why.
import { connectTo } from '../docker/client.ts';
import { findImage, pullTrouble } from '../docker/images.ts';
import { probeDocker } from '../docker/probe.ts';
import { dockerTrouble } from '../docker/trouble.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import { servicesOf, type Release } from '../release/release.ts';
import type { World } from '../world.ts';
import type { InstallRequest } from './request.ts';

export type EngineWish = 'docker' | 'native' | 'auto';

export interface EngineChoice {
  readonly engine: 'docker' | 'native';
  /** A few words for the header; none for what was asked for or is recorded. */
  readonly reason?: string;
}

/** The engine of an environment: the recorded one for life, whatever the machine has by now. */
export async function engineOf(
  world: World,
  { wishes, defaults }: Pick<InstallRequest, 'wishes' | 'defaults'>,
  { release, record }: { readonly release: Release; readonly record?: EnvironmentRecord },
): Promise<EngineChoice> {
  if (record !== undefined) return { engine: record.spec.engine };
  return chooseEngine(world, wishes.engine ?? defaults.engine ?? 'auto', release);
}

/**
 * `auto` is docker when its engine answers and the images are there or can be pulled, which the engine itself
 * asks its registries within 5 s for all missing ones together; else native. Throws only when interrupted.
 */
export async function chooseEngine(world: World, wish: EngineWish, release: Release): Promise<EngineChoice> {
  if (wish !== 'auto') return { engine: wish };
  const facts = await probeDocker(world);
  if (facts.state !== 'ok') return { engine: 'native', reason: dockerTrouble(facts) };
  const name = `Docker ${facts.serverVersion}`;
  const trouble = await imageTrouble(world, facts.address, release);
  return trouble === undefined
    ? { engine: 'docker', reason: `${name} answers` }
    : { engine: 'native', reason: `${name} answers, but ${trouble}` };
}

/**
 * What to say of a recorded engine that would not be chosen any more, where nobody asked for it by name. Undefined
 * if it would. Nothing is done about it: the data is where it is.
 */
export async function engineRemark(
  world: World,
  { wishes, defaults }: Pick<InstallRequest, 'wishes' | 'defaults'>,
  { spec }: Pick<EnvironmentRecord, 'spec'>,
): Promise<string | undefined> {
  if ((wishes.engine ?? defaults.engine ?? 'auto') !== 'auto') return undefined;
  const { engine, reason = '' } = await chooseEngine(world, 'auto', spec.release);
  if (engine === spec.engine) return undefined;
  return `A new environment would get the ${engine} engine (${reason}). ${spec.id} stays with ${spec.engine}.`;
}

/** Why the images cannot be had; undefined if all are there or to be pulled. */
async function imageTrouble(world: World, address: string, release: Release): Promise<string | undefined> {
  const connection = connectTo(world, address);
  const images = [...new Set(servicesOf(release).map(({ service }) => service.image))];
  const troubles = await Promise.all(
    images.map(async (image) => {
      try {
        if ((await findImage(connection, image)) !== undefined) return undefined;
        return (await pullTrouble(connection, image)) === undefined ? undefined : image;
      } catch {
        world.signal.throwIfAborted();
        return image;
      }
    }),
  );
  const [first, ...more] = troubles.filter((image) => image !== undefined);
  if (first === undefined) return undefined;
  return `${first}${more.length === 0 ? '' : ` and ${more.length} more`} can neither be found nor pulled`;
}
