// Where an environment that is there differs from what was said of it, and what it would mean to change that.
import type { EnvironmentSpec } from '../environment/spec.ts';
import { Failure } from '../failure.ts';
import { withAccelerator, withoutAccelerator } from '../release/accelerator.ts';
import { findRelease, type Catalogue } from '../release/catalogue.ts';
import type { Release } from '../release/release.ts';
import { withoutCredentials } from '../host/http.ts';
import type { Difference } from '../report/events.ts';
import { kernelImagesOf } from './kernels.ts';
import type { InstallRequest } from './request.ts';
import { shownAddress } from '../source/address.ts';
import { sourceDifferences, type SourceDifference } from './sources.ts';

/** One that cannot be changed says in `refusal` why not. */
export interface Differing extends Difference {
  readonly refusal?: string;
  /** As it was said, with all that an address holds. */
  readonly source?: SourceDifference;
}

type Said = Pick<InstallRequest, 'id' | 'wishes'>;
type Row = readonly [what: string, wish: string | number | undefined, is: string | number, means: string];

/** All differences; what was not said is none. Throws `BAI-USAGE` for an accelerator that the release lacks. */
export function differencesOf(
  { id, wishes }: Said,
  spec: EnvironmentSpec,
  catalogue: Catalogue,
): readonly Differing[] {
  const fixed: readonly Row[] = [
    [
      '--release',
      wishes.release === undefined ? undefined : findRelease(catalogue, wishes.release).version,
      spec.release.version,
      'Its database, packages and settings are those of one release.',
    ],
    [
      '--install-path',
      wishes.installPath,
      spec.installPath,
      'Its virtualenvs and settings hold that path everywhere.',
    ],
    [
      '--python-version',
      samePython(wishes.pythonVersion, spec.python.version),
      spec.python.version,
      'All its virtualenvs are of that Python.',
    ],
    [
      '--engine',
      wishes.engine === 'auto' ? undefined : wishes.engine,
      spec.engine,
      'Its data lie in that engine, and the other cannot read them.',
    ],
  ];
  const release = releaseWith(spec, wishes);
  const free: readonly Row[] = [
    ['the accelerator', wishes.accelerator, spec.accelerator.kind, acceleratorMeans(wishes.accelerator)],
    [
      'kernel images',
      wishes.kernelImages && listed(kernelImagesOf(release, wishes.kernelImages)),
      listed(spec.kernelImages),
      'New ones are pulled, and those that are there stay.',
    ],
    ['--index', wishes.index, spec.index, 'It is asked from now on; what is installed stays.'],
    ['--ports', wishes.ports.base, spec.portBase, portsMean],
    ...Object.entries(wishes.ports.single).map(([name, port]): Row => [
      `the port ${name}`,
      port,
      spec.ports[name as keyof typeof spec.ports],
      portsMean,
    ]),
  ];
  const differs = ([, wish, is]: Row): boolean => wish !== undefined && wish !== is;
  return [
    ...fixed.filter(differs).map(([what, wish = '', is, refusal]) => ({
      ...{ what, wish, is, refusal },
      means: `It takes another environment: bai-dev install -e ANOTHER-ID; ${id} can stay beside it.`,
    })),
    ...free.filter(differs).map(([what, wish = '', is, means]) => ({
      what,
      wish: withoutSecrets(wish),
      is: withoutSecrets(is),
      means,
    })),
    ...sourceDifferences({ wishes }, { release, trees: spec.trees }).map((source) => ({
      what: `the ${source.aspect} of ${source.tree}`,
      wish: shownOf(source, source.wish),
      is: shownOf(source, source.is),
      means: sourceMeans(source),
      source,
    })),
  ];
}

/** The environment's release with the accelerator that was wished for, if one was. */
export function releaseWith(spec: EnvironmentSpec, { accelerator }: Said['wishes']): Release {
  const { kind } = spec.accelerator;
  if (accelerator === undefined || accelerator === kind) return spec.release;
  const release = withAccelerator(withoutAccelerator(spec.release, kind), accelerator);
  if (release !== undefined) return release;
  throw new Failure('BAI-USAGE', `${spec.release.title} has no plugin for --enable-${accelerator}.`, {
    facts: { release: spec.release.version, accelerator },
  });
}

/** `BAI-CONFLICT-SPEC` with all of it, and the ways on. */
export function conflict(id: string, differences: readonly Differing[]): Failure {
  const list = differences.map(({ what, wish, is }) => `${what} is ${is}, not ${wish}`).join('; ');
  const changeable = differences.every(({ refusal }) => refusal === undefined);
  return new Failure('BAI-CONFLICT-SPEC', `${id} exists and was made differently: ${list}.`, {
    facts: { differences: differences.map(({ what, wish, is }) => ({ what, wish, is })) },
    next: [
      { purpose: 'keep it as it is', command: `bai-dev install -e ${id}`, keeps: 'how' },
      ...(changeable
        ? [{ purpose: 'change it, with the same options', command: `bai-dev install -e ${id} --change` }]
        : []),
      { purpose: 'make it anew', command: `bai-dev delete -e ${id}` },
      { purpose: 'or make another', command: 'bai-dev install -e ANOTHER-ID' },
    ],
  });
}

/** Throws `BAI-CONFLICT-SPEC` if something among it cannot be changed, with the reason and the way to get there. */
export function assertChangeable(id: string, differences: readonly Differing[]): void {
  const refused = differences.filter(({ refusal }) => refusal !== undefined);
  if (refused.length === 0) return;
  const list = refused.map(({ what, is, refusal = '' }) => `${what} stays ${is}. ${refusal}`).join(' ');
  throw new Failure('BAI-CONFLICT-SPEC', `${id} cannot be changed like that: ${list}`, {
    facts: { differences: refused.map(({ what, wish, is }) => ({ what, wish, is })) },
    next: [
      { purpose: 'have both, side by side', command: 'bai-dev install -e ANOTHER-ID' },
      { purpose: 'or make it anew', command: `bai-dev delete -e ${id}` },
    ],
  });
}

const portsMean =
  'Containers or servers are made anew around the same data, settings and keys in etcd are rewritten.';

function acceleratorMeans(wish: string | undefined): string {
  return wish === 'none'
    ? "The plugin's tree and virtualenv are removed, and the agent's virtualenv is made anew."
    : "The plugin's tree and virtualenv are made, and the agent's virtualenv anew.";
}

function sourceMeans({ aspect }: SourceDifference): string {
  return aspect === 'ref'
    ? 'The tree is switched in its repository, virtualenvs with it are made anew; the database keeps its schema.'
    : 'Another tree takes its place, virtualenvs with it are made anew; the database keeps its schema.';
}

/** An address may hold a password. */
const shownOf = ({ aspect }: SourceDifference, text: string): string =>
  aspect === 'repository' ? shownAddress(text) : text;
const withoutSecrets = (value: string | number): string | number =>
  typeof value === 'string' && URL.canParse(value) ? withoutCredentials(value) : value;

const listed = (images: readonly string[]): string => images.join(' and ') || 'none';

/** `3.9` agrees with any 3.9.x. */
function samePython(wish: string | undefined, is: string): string | undefined {
  return wish !== undefined && is.startsWith(`${wish}.`) ? is : wish;
}
