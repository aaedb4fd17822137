// What is left to ask a person about a new environment; about an existing one nothing is.
import { defined } from '../defined.ts';
import { readRecord } from '../environment/store.ts';
import { lookAtGpus } from '../prechecks/gpus.ts';
import { driverFinding } from '../prechecks/nvidia-driver.ts';
import { loadCatalogue, releaseOfId, unknownReleaseOfId } from '../release/catalogue.ts';
import type { World } from '../world.ts';
import { chosenRelease } from './decide.ts';
import type { InstallRequest } from './request.ts';

export interface OpenQuestions {
  readonly release?: {
    readonly choices: readonly { value: string; name: string }[];
    readonly initial: string;
    /** The release that the ID seems to name, which the catalogue does not have. */
    readonly unknown?: string;
  };
  /** CUDA was asked for and there is no GPU: a few words on why. */
  readonly mock?: { readonly reason: string };
}

/** Each question that has no answer yet, with what would be decided without one. */
export async function openQuestions(
  world: World,
  request: Pick<InstallRequest, 'id' | 'wishes' | 'defaults'>,
): Promise<OpenQuestions> {
  const { id, wishes, defaults } = request;
  if ((await readRecord(world.host, id)) !== undefined) return {};
  const gpus = (wishes.accelerator ?? defaults.accelerator) === 'cuda' ? await lookAtGpus(world) : undefined;
  const catalogue = await loadCatalogue(world.host.assets);
  const choices = catalogue.releases.map(({ version, title }) => ({ value: version, name: title }));
  const branch = wishes.sources?.serverBranch ?? defaults.sources?.serverBranch;
  const initial = chosenRelease(request, catalogue).version;
  return {
    ...(wishes.release === undefined &&
    defaults.release === undefined &&
    branch === undefined &&
    releaseOfId(catalogue, id) === undefined
      ? { release: { choices, initial, ...defined({ unknown: unknownReleaseOfId(catalogue, id) }) } }
      : {}),
    ...(gpus === undefined || gpus.state === 'ok'
      ? {}
      : { mock: { reason: driverFinding(world, { id }, gpus).title } }),
  };
}
