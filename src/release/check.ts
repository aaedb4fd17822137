// What the schema of a release cannot say: whatever one part names must exist in another.
import { withAccelerator } from './accelerator.ts';
import { acceleratorName, servicesOf, type AcceleratorName, type Release } from './release.ts';

/** An entry of a data file that cannot be right: where it stands, and what is wrong with it. */
export interface Mistake {
  readonly path: readonly string[];
  readonly message: string;
}

/** An entry that names a file below the assets folder. */
export interface Asset {
  readonly path: readonly string[];
  readonly file: string;
}

/** All names in a release that lead nowhere, in the order of the data file. */
export function crossMistakes(release: Release): Mistake[] {
  const mistakes: Mistake[] = [];
  const known = (table: Readonly<Record<string, unknown>>, name: string | undefined, at: Mistake): void => {
    if (name !== undefined && !Object.hasOwn(table, name)) mistakes.push(at);
  };
  const tree = (name: string | undefined, ...path: readonly string[]): void =>
    known(release.trees, name, { path, message: `there is no tree "${name ?? ''}"` });
  const virtualenv = (name: string, ...path: readonly string[]): void =>
    known(release.virtualenvs, name, { path, message: `there is no virtualenv "${name}"` });

  for (const [name, entry] of Object.entries(release.virtualenvs)) {
    tree(entry.tree, 'virtualenvs', name, 'tree');
    entry.shares.forEach((share, at) => tree(share, 'virtualenvs', name, 'shares', String(at)));
  }
  const daemons: [name: string, above: true][] = [];
  for (const [name, entry] of Object.entries(release.components)) {
    tree(entry.tree, 'components', name, 'tree');
    virtualenv(entry.virtualenv, 'components', name, 'virtualenv');
    const daemon = ['components', name, 'daemon'];
    entry.daemon?.after.forEach((other, at) =>
      known(Object.fromEntries(daemons), other, {
        path: [...daemon, 'after', String(at)],
        message: `no daemon "${other}" stands above`,
      }),
    );
    if (entry.daemon !== undefined) daemons.push([name, true]);
  }
  const emails = Object.fromEntries(release.accounts.map(({ email }) => [email, true]));
  release.files.forEach((file, at) => {
    tree(file.tree, 'files', String(at), 'tree');
    const path = ['files', String(at), 'account'];
    known(emails, file.account, { path, message: `there is no account "${file.account ?? ''}"` });
  });
  tree(release.certificate.tree, 'certificate', 'tree');
  virtualenv(release.database.schema.virtualenv, 'database', 'schema', 'virtualenv');
  virtualenv(release.client.virtualenv, 'client', 'virtualenv');
  mistakes.push(...twice(release));
  for (const kind of acceleratorName.options) mistakes.push(...acceleratorMistakes(release, kind, mistakes));
  return mistakes;
}

/** What is wrong only once an accelerator is merged into the release, told at its entry. */
function acceleratorMistakes(
  release: Release,
  kind: AcceleratorName,
  known: readonly Mistake[],
): readonly Mistake[] {
  const added = release.accelerators[kind];
  const merged = withAccelerator(release, kind);
  if (added === undefined || merged === undefined) return [];
  const at = ['accelerators', kind];
  const strange = Object.keys(added.shares).filter((name) => !Object.hasOwn(release.virtualenvs, name));
  const replaced = (['trees', 'virtualenvs', 'components'] as const).flatMap((part) =>
    Object.keys(added[part]).filter((name) => Object.hasOwn(release[part], name)),
  );
  return [
    ...strange.map((name) => ({ path: at, message: `there is no virtualenv "${name}" to share with` })),
    ...replaced.map((name) => ({ path: at, message: `"${name}" is taken by the release itself` })),
    ...crossMistakes({ ...merged, accelerators: {} })
      .filter(({ message }) => !known.some((one) => one.message === message))
      .map(({ path, message }) => ({ path: at, message: `${path.join('.')}: ${message}` })),
  ];
}

/** Every template and fixture that a release names. */
export function assetsOf(release: Release): Asset[] {
  const fixtures = (part: 'etcd' | 'database'): Asset[] =>
    release[part].fixtures.map((file, at) => ({
      path: [part, 'fixtures', String(at)],
      file: `fixtures/${file}`,
    }));
  return [
    ...release.files.map((file, at) => ({
      path: ['files', String(at), 'template'],
      file: `templates/${file.template}`,
    })),
    ...Object.entries(release.accelerators).flatMap(([kind, { files }]) =>
      files.map((file, at) => ({
        path: ['accelerators', kind, 'files', String(at), 'template'],
        file: `templates/${file.template}`,
      })),
    ),
    ...fixtures('etcd'),
    ...fixtures('database'),
  ];
}

/** Two things at one place would overwrite each other. */
function twice(release: Release): Mistake[] {
  const places: (readonly [place: string, path: readonly string[]])[] = [
    ...Object.entries(release.trees).map(
      ([name, { folder }]) => [folder, ['trees', name, 'folder']] as const,
    ),
    ...Object.entries(release.virtualenvs).map(
      ([name, { suffix }]) => [`virtualenv ${suffix}`, ['virtualenvs', name, 'suffix']] as const,
    ),
    ...release.files.map(
      ({ tree, path }, at) => [`${tree ?? '.'}/${path}`, ['files', String(at), 'path']] as const,
    ),
    ...servicesOf(release).map(
      ({ role, service }) => [`service ${service.name}`, ['halfstack', role, 'name']] as const,
    ),
  ];
  const seen = new Set<string>();
  return places.flatMap(([place, path]) => {
    if (seen.has(place)) return [{ path, message: `"${place}" is taken by another entry` }];
    seen.add(place);
    return [];
  });
}
