// Turns a request into something complete: a draft to check the machine against, then a spec.
import { join } from 'node:path';
import { installsFolder } from '../environment/names.ts';
import type { EnvironmentRecord } from '../environment/record.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import type { Draft } from '../prechecks/draft.ts';
import type { Survey } from '../prechecks/survey.ts';
import { quoted } from '../quoted.ts';
import { withAccelerator, type AcceleratorKind } from '../release/accelerator.ts';
import {
  defaultRelease,
  findRelease,
  releaseOfBranch,
  releaseOfId,
  unknownReleaseOfId,
  type Catalogue,
} from '../release/catalogue.ts';
import { servicesOf, type Release } from '../release/release.ts';
import type { World } from '../world.ts';
import { kernelImagesOf } from './kernels.ts';
import type { InstallRequest } from './request.ts';
import { conflict, differencesOf } from './differences.ts';

/** The index that is asked when nobody names another. */
export const publicIndex = 'https://pypi.org/simple';

/**
 * What is wanted, before the machine is asked. An existing record decides everything, and the wishes must agree
 * with it: otherwise `BAI-CONFLICT-SPEC` lists the differences.
 */
export function draftOf(
  world: World,
  request: InstallRequest,
  known: {
    catalogue: Catalogue;
    engine: EnvironmentSpec['engine'];
    sources: Draft['sources'];
    record?: EnvironmentRecord;
  },
): Draft {
  const { record, catalogue, engine, sources } = known;
  if (record !== undefined) {
    const differences = differencesOf(request, record.spec, catalogue);
    if (differences.length > 0) throw conflict(request.id, differences);
    const { spec } = record;
    return {
      id: request.id,
      installPath: spec.installPath,
      release: spec.release,
      pythonVersion: spec.python.version,
      ports: { single: spec.ports },
      index: spec.index,
      engine: spec.engine,
      sources,
      accelerator: spec.accelerator.kind,
      kernelImages: spec.kernelImages,
      record,
    };
  }
  const { wishes, defaults } = request;
  const release = completeRelease(request, catalogue);
  const pythonVersion = wishes.pythonVersion ?? defaults.pythonVersion;
  return {
    id: request.id,
    installPath: wishes.installPath ?? defaults.installPath ?? defaultInstallPath(world, request.id),
    release,
    ports:
      wishes.ports.base === undefined && Object.keys(wishes.ports.single).length === 0
        ? defaults.ports
        : wishes.ports,
    index: wishes.index ?? defaults.index ?? publicIndex,
    engine,
    sources,
    accelerator: acceleratorOf(request),
    kernelImages:
      request.like?.kernelImages ?? kernelImagesOf(release, wishes.kernelImages ?? defaults.kernelImages),
    ...(pythonVersion === undefined ? {} : { pythonVersion }),
    ...(request.like === undefined ? {} : { beside: true }),
  };
}

/** Where an environment goes when nobody says where. */
const defaultInstallPath = (world: World, id: string): string => join(installsFolder(world.host), id);

/**
 * The release by flag, variable or file, or by the branch that stands in its place; else the one that the ID ends
 * with; else the catalogue's default. A branch that no release has needs one named: `BAI-USAGE`.
 */
export function chosenRelease(
  request: Pick<InstallRequest, 'id' | 'wishes' | 'defaults'>,
  catalogue: Catalogue,
): Release {
  const { id, wishes, defaults } = request;
  if (wishes.release !== undefined) return findRelease(catalogue, wishes.release);
  const branch = wishes.sources?.serverBranch ?? defaults.sources?.serverBranch;
  const ofBranch = branch === undefined ? undefined : releaseOfBranch(catalogue, branch);
  if (wishes.sources?.serverBranch !== undefined && ofBranch !== undefined) return ofBranch;
  if (defaults.release !== undefined) return findRelease(catalogue, defaults.release);
  if (branch === undefined) return releaseOfId(catalogue, id) ?? defaultRelease(catalogue);
  if (ofBranch !== undefined) return ofBranch;
  const versions = catalogue.releases.map(({ version }) => version);
  throw new Failure(
    'BAI-USAGE',
    `${JSON.stringify(branch)} is the branch of no release; --release must say whose needs it has: ${versions.join(', ')}.`,
    {
      next: versions.map((version) => ({
        purpose: `as ${version}`,
        command: `bai-dev install -e ${id} --server-branch ${quoted(branch)} --release ${version}`,
      })),
    },
  );
}

/**
 * What to say where the ID ends with a release that the catalogue does not have, and nobody named another one.
 * Undefined if there is nothing to say.
 */
export function idRemark(
  request: Pick<InstallRequest, 'id' | 'wishes' | 'defaults'>,
  catalogue: Catalogue,
): string | undefined {
  const { id, wishes, defaults } = request;
  const branch = wishes.sources?.serverBranch ?? defaults.sources?.serverBranch;
  if ((wishes.release ?? defaults.release ?? branch) !== undefined) return undefined;
  const unknown = unknownReleaseOfId(catalogue, id);
  if (unknown === undefined) return undefined;
  const versions = catalogue.releases.map(({ version }) => version).join(', ');
  const { version } = chosenRelease(request, catalogue);
  return `${id} ends like release ${unknown}, which the catalogue does not have: it gets ${version}. Choose with --release: ${versions}.`;
}

/** The same with all that its accelerator adds, or that of a former spec. `BAI-USAGE` if its data names no such accelerator. */
export function completeRelease(
  request: Pick<InstallRequest, 'id' | 'wishes' | 'defaults' | 'like'>,
  catalogue: Catalogue,
): Release {
  if (request.like !== undefined) return request.like.release;
  const release = chosenRelease(request, catalogue);
  const accelerator = acceleratorOf(request);
  const complete = withAccelerator(release, accelerator);
  if (complete !== undefined) return complete;
  throw new Failure('BAI-USAGE', `${release.title} has no plugin for --enable-${accelerator}.`, {
    facts: { release: release.version, accelerator },
    next: [{ purpose: 'see which releases there are', command: 'bai-dev releases' }],
  });
}

const acceleratorOf = ({ wishes, defaults }: Pick<InstallRequest, 'wishes' | 'defaults'>): AcceleratorKind =>
  wishes.accelerator ?? defaults.accelerator ?? 'none';

/** The complete spec; call it only when the survey found no blocker. */
export function specOf(draft: Draft, survey: Survey): EnvironmentSpec {
  const { python, engine, ports } = survey;
  if (python === undefined || engine === undefined || ports === undefined) {
    throw new Error('a survey without a blocker lacks an answer');
  }
  const { release } = draft;
  return {
    id: draft.id,
    installPath: draft.installPath,
    release,
    trees: Object.fromEntries(
      draft.sources.map(({ tree, source }) => {
        if (source === undefined) throw new Error(`a survey without a blocker lacks the source of ${tree}`);
        return [tree, source];
      }),
    ),
    python,
    accelerator: { kind: draft.accelerator ?? 'none' },
    ...engine,
    portBase: ports.base,
    ports: ports.ports,
    kernelImages: [...(draft.kernelImages ?? [])],
    images: Object.fromEntries(servicesOf(release).map(({ service }) => [service.name, service.image])),
    index: draft.index,
  };
}
