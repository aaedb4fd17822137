// The catalogue: every release that can be installed, read from the data files in templates/releases.
import { join } from 'node:path';
import { isMap, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { Failure } from '../failure.ts';
import { kindOf, listFolder, readText } from '../host/files.ts';
import { assetsOf, crossMistakes, type Mistake } from './check.ts';
import { releaseSchema, type Release } from './release.ts';

export interface Catalogue {
  /** Oldest first, at least one. */
  readonly releases: readonly Release[];
}

/**
 * Reads and checks the whole catalogue below `assets`. Throws `BAI-CATALOGUE`, which names file, line and entry,
 * for the first file that cannot be used.
 */
export async function loadCatalogue(assets: string): Promise<Catalogue> {
  const folder = join(assets, 'templates', 'releases');
  const files = (await listFolder(folder)).filter((file) => file.endsWith('.yaml'));
  const releases = await Promise.all(files.map((file) => loadRelease(assets, join(folder, file))));
  if (releases.length === 0) {
    throw new Failure('BAI-CATALOGUE', `There is no release in ${folder}.`, { facts: { folder } });
  }
  releases.sort((a, b) => (a.version < b.version ? -1 : 1));
  const versions = releases.map(({ version }) => version);
  const twice = versions.find((version, at) => versions.indexOf(version) !== at);
  if (twice !== undefined) {
    throw new Failure('BAI-CATALOGUE', `Two files in ${folder} describe release ${twice}.`);
  }
  const defaults = releases.filter((release) => release.default);
  if (defaults.length !== 1) {
    throw new Failure(
      'BAI-CATALOGUE',
      `Exactly one release in ${folder} must say "default: true", and ${defaults.length} do.`,
    );
  }
  return { releases };
}

/** The release that a person means by `21.09` or `2109`; `BAI-RELEASE-UNKNOWN` names the nearest otherwise. */
export function findRelease(catalogue: Catalogue, text: string): Release {
  const wanted = plain(text);
  const found = catalogue.releases.find(({ version }) => plain(version) === wanted);
  if (found !== undefined) return found;
  const versions = catalogue.releases.map(({ version }) => version);
  const nearest = nearestVersion(versions, wanted);
  throw new Failure(
    'BAI-RELEASE-UNKNOWN',
    `There is no release ${JSON.stringify(text)} in the catalogue, which has ${versions.join(', ')}.`,
    {
      facts: { wanted: text, known: versions },
      next: [
        { purpose: 'take the nearest', command: `bai-dev install --release ${nearest}` },
        { purpose: 'see them all', command: 'bai-dev releases' },
      ],
    },
  );
}

/** The release that is taken when nobody names one. */
export function defaultRelease(catalogue: Catalogue): Release {
  const found = catalogue.releases.find((release) => release.default);
  if (found === undefined) throw new Error('a catalogue without a default release was loaded');
  return found;
}

/** The release that an ID ends with (`dev2109`), if it ends with exactly four digits that the catalogue has. */
export function releaseOfId(catalogue: Catalogue, id: string): Release | undefined {
  const digits = /(?:^|\D)(\d{4})$/.exec(id)?.[1];
  return catalogue.releases.find(({ version }) => plain(version) === digits);
}

/** The release that an ID seems to name, as in `dev2203`, where the catalogue has none of that version: `22.03`. */
export function unknownReleaseOfId(catalogue: Catalogue, id: string): string | undefined {
  const [, year, month] = /(?:^|\D)(1[89]|[2-9]\d)(03|06|09|12)$/.exec(id) ?? [];
  return month === undefined || releaseOfId(catalogue, id) !== undefined ? undefined : `${year}.${month}`;
}

/** The release whose trees are on a branch of that name; undefined if none is. */
export function releaseOfBranch(catalogue: Catalogue, branch: string): Release | undefined {
  return catalogue.releases.find(({ trees }) => Object.values(trees).some((tree) => tree.branch === branch));
}

const plain = (version: string): string => version.trim().replace('.', '');

/** The closest by months, because that is what the two halves of a version are. */
function nearestVersion(versions: readonly string[], wanted: string): string {
  const months = (digits: string): number => Number(digits.slice(0, 2)) * 12 + Number(digits.slice(2, 4));
  const target = /^\d{4}$/.test(wanted) ? months(wanted) : Infinity;
  const distance = (version: string): number => Math.abs(months(plain(version)) - Math.min(target, 1e6));
  return versions.reduce((best, version) => (distance(version) < distance(best) ? version : best));
}

async function loadRelease(assets: string, path: string): Promise<Release> {
  const lines = new LineCounter();
  const document = parseDocument((await readText(path)) ?? '', { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined) throw mistaken(path, lines.linePos(broken.pos[0]).line, broken.message);

  const say = ({ path: where, message }: Mistake): Failure => {
    const offset = offsetOf(document, where);
    const line = offset === undefined ? 1 : lines.linePos(offset).line;
    return mistaken(path, line, `${where.join('.')}: ${message}`);
  };
  const parsed = releaseSchema.safeParse(document.toJS());
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw say({ path: issue?.path.map(String) ?? [], message: issue?.message ?? 'is wrong' });
  }
  const crossed = crossMistakes(parsed.data)[0];
  if (crossed !== undefined) throw say(crossed);
  for (const asset of assetsOf(parsed.data)) {
    if ((await kindOf(join(assets, asset.file))) !== 'file') {
      throw say({ path: asset.path, message: `there is no ${asset.file}` });
    }
  }
  return parsed.data;
}

function mistaken(path: string, line: number, what: string): Failure {
  return new Failure('BAI-CATALOGUE', `${path}:${line}: ${what}.`, { facts: { path, line } });
}

/** Where an entry, or the nearest thing around it, begins in the text. */
function offsetOf(document: Document, path: readonly string[]): number | undefined {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const parent: unknown = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    if (isMap(parent)) {
      const pair = parent.items.find(
        (item) => isPair(item) && isScalar(item.key) && item.key.value === path[depth - 1],
      );
      if (pair !== undefined && isScalar(pair.key) && pair.key.range) return pair.key.range[0];
    }
    const node: unknown = document.getIn(path.slice(0, depth), true);
    if (isScalar(node) && node.range) return node.range[0];
  }
  return undefined;
}
