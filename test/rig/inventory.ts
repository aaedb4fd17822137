// What there is, so that before and after can be compared: files down to their content, and Docker's things.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Home } from './program.ts';

/** Path relative to the looked-at folder → everything about it that a write would change. */
export type Snapshot = ReadonlyMap<string, string>;

export interface Look {
  /** Relative paths that are left out, with all below them. */
  readonly ignore?: readonly string[];
  /** Also times of change: then even a rewrite of the same content shows. */
  readonly times?: boolean;
}

/** Every file, folder and link below a folder, by content. An absent folder is an empty snapshot. */
export function snapshot(folder: string, look: Look = {}): Snapshot {
  const found = new Map<string, string>();
  const ignored = new Set(look.ignore ?? []);
  const visit = (path: string): void => {
    const name = relative(folder, path);
    if (ignored.has(name)) return;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return;
    const time = look.times === true ? ` ${stat.mtimeMs}` : '';
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) {
      found.set(name, `link ${readlinkSync(path)}${time}`);
    } else if (stat.isDirectory()) {
      found.set(name, `folder ${mode}${time}`);
      for (const child of readdirSync(path).sort()) visit(join(path, child));
    } else if (stat.isFile()) {
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
      found.set(name, `file ${mode} ${stat.size} ${hash}${time}`);
    } else {
      found.set(name, `other ${mode}`);
    }
  };
  visit(folder);
  return found;
}

/**
 * What a person's folder holds that an environment must not leave behind. The cache is there to stay, but for locks
 * and halves of downloads; so are the folders that XDG and pyenv have for everybody.
 */
export function belongings(home: Home): Snapshot {
  const everybodys = /^home\/(\.local|\.local\/state|\.pyenv\/versions\/[\d.]+\/envs)$/;
  const lasting = [...snapshot(home.folder)].filter(([path]) => {
    if (/^home\/\.cache(\/|$)/.test(path)) return /\.(lock|partial)$/.test(path) && !isUvs(path);
    return !everybodys.test(path);
  });
  return new Map(lasting);
}

/** uv locks its own cache by files that it never removes. */
function isUvs(path: string): boolean {
  return /^home\/\.cache\/bai-dev\/uv\//.test(path);
}

/** One line for each path that is new, gone or changed; empty when both are the same. */
export function difference(before: Snapshot, after: Snapshot): readonly string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const old = before.get(path);
    const now = after.get(path);
    if (old === now) return [];
    if (old === undefined) return [`new ${path}: ${now ?? ''}`];
    if (now === undefined) return [`gone ${path}: ${old}`];
    return [`changed ${path}: ${old} → ${now}`];
  });
}

/** Docker's things that belong to an environment, by compose's names for a project. */
export interface DockerThings {
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  readonly networks: readonly string[];
}

export function dockerThings(id: string): DockerThings {
  return {
    containers: docker('ps', '-a', '--filter', `name=^${id}-`, '--format', '{{.Names}}'),
    volumes: docker('volume', 'ls', '--filter', `name=^${id}_`, '--format', '{{.Name}}'),
    networks: docker('network', 'ls', '--filter', `name=^${id}_`, '--format', '{{.Name}}'),
  };
}

/** Names of all volumes that the environment's containers hold, those without a name of their own too. */
export function mountedVolumes(id: string): readonly string[] {
  return docker('ps', '-aq', '--filter', `name=^${id}-`).flatMap((container) =>
    docker(
      'inspect',
      '--format',
      '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}',
      container,
    ),
  );
}

/** Of these volumes, those that still exist. */
export function remainingVolumes(names: readonly string[]): readonly string[] {
  const all = new Set(docker('volume', 'ls', '-q'));
  return names.filter((name) => all.has(name));
}

/** What `docker inspect` tells of the containers that no restart, repair or recreation would leave alone. */
export function containerFacts(id: string): readonly string[] {
  return docker('ps', '-aq', '--no-trunc', '--filter', `name=^${id}-`)
    .flatMap((container) =>
      docker(
        'inspect',
        '--format',
        '{{.Name}} {{.Id}} {{.Created}} {{.State.StartedAt}} {{.RestartCount}}',
        container,
      ),
    )
    .sort();
}

/** Removes what a failed test may have left of an environment on the engine. */
export function purge(id: string): void {
  const { containers, volumes, networks } = dockerThings(id);
  if (containers.length > 0) docker('rm', '-f', '-v', ...containers);
  if (volumes.length > 0) docker('volume', 'rm', '-f', ...volumes);
  if (networks.length > 0) docker('network', 'rm', ...networks);
}

function docker(...args: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
}
