// Small components that stand in for Backend.AI's: real source distributions with a dependency, an extra, a shared
// tree and a file that only the wheel has; they build without any index.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import * as tar from 'tar';
import type { Distribution } from './index.ts';
import { repository } from './world.ts';

/** The day as of which the stand-in release resolves; something newer lies on the index to be passed over. */
export const standInDay = '2022-04-28';
const before = '2022-03-01T12:00:00Z';
const after = '2023-06-01T12:00:00Z';

export interface StandIn {
  /** Name of the tree, folder and component. */
  readonly tree: string;
  readonly project: string;
  readonly version: string;
  readonly sdist: Distribution;
  readonly wheel?: Distribution;
}

export interface StandIns {
  readonly components: readonly StandIn[];
  /** All of it, for an index. */
  readonly distributions: readonly Distribution[];
}

/** A file that the manager's sdist lacks and its wheel has. */
export const binaryPath = 'src/standin_manager/tool.bin';

/** `more`: trees besides, which nothing is installed from. */
export function makeStandIns(more: readonly string[] = []): StandIns {
  const manager = component({
    tree: 'manager',
    dependencies: ['standin-common==1.0', 'standin-dependency>=1.0'],
    test: ['standin-tester'],
    files: { 'schema.py': readFileSync(join(repository, 'test/rig/standin/schema.py'), 'utf8') },
  });
  const components = [
    { ...manager, wheel: wheelOf(manager, { 'standin_manager/tool.bin': 'only the wheel has it\n' }) },
    component({ tree: 'common', dependencies: ['standin-dependency'] }),
    component({ tree: 'client-py', dependencies: [] }),
    ...more.map((tree) => component({ tree, dependencies: [] })),
  ];
  return {
    components,
    distributions: [
      ...components.flatMap(({ sdist, wheel }) => (wheel === undefined ? [sdist] : [sdist, wheel])),
      pure('standin-dependency', '1.0', before),
      pure('standin-dependency', '2.0', after),
      pure('standin-tester', '1.0', before),
    ],
  };
}

interface ComponentSource {
  readonly tree: string;
  readonly dependencies: readonly string[];
  readonly test?: readonly string[];
  /** More files of its package. */
  readonly files?: Readonly<Record<string, string>>;
}

function component({ tree, dependencies, test = [], files = {} }: ComponentSource): StandIn {
  const project = `standin-${tree}`;
  const version = '1.0';
  const module = moduleOf(project);
  const list = (names: readonly string[]): string => `[${names.map((name) => `"${name}"`).join(', ')}]`;
  const pyproject = [
    '[build-system]',
    'requires = []',
    'build-backend = "backend"',
    'backend-path = ["."]',
    '',
    '[project]',
    `name = "${project}"`,
    `version = "${version}"`,
    'requires-python = ">=3.6"',
    `dependencies = ${list(dependencies)}`,
    '',
    '[project.optional-dependencies]',
    `test = ${list(test)}`,
    '',
  ].join('\n');
  const content = archive(`${project}-${version}`, {
    'pyproject.toml': pyproject,
    'backend.py': readFileSync(join(repository, 'test/rig/standin/backend.py'), 'utf8'),
    'PKG-INFO': `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\n`,
    [`src/${module}/__init__.py`]: `marker = '${tree}'\n`,
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`src/${module}/${name}`, text])),
  });
  const sdist = { project, file: `${project}-${version}.tar.gz`, content, uploaded: before };
  return { tree, project, version, sdist };
}

/** A wheel with nothing but its metadata and one module. */
function pure(project: string, version: string, uploaded: string): Distribution {
  const module = moduleOf(project);
  return { ...zip(project, version, { [`${module}/__init__.py`]: `version = '${version}'\n` }), uploaded };
}

function wheelOf({ project, version }: StandIn, files: Readonly<Record<string, string>>): Distribution {
  return { ...zip(project, version, files), uploaded: before };
}

function zip(
  project: string,
  version: string,
  files: Readonly<Record<string, string>>,
): Omit<Distribution, 'uploaded'> {
  const stem = `${moduleOf(project)}-${version}`;
  const information = `${stem}.dist-info`;
  const contents: Record<string, string> = {
    ...files,
    [`${information}/METADATA`]: `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\n`,
    [`${information}/WHEEL`]:
      'Wheel-Version: 1.0\nGenerator: standin\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  };
  const record = Object.entries(contents).map(([path, text]) => {
    const hash = createHash('sha256').update(text).digest('base64url');
    return `${path},sha256=${hash},${Buffer.byteLength(text)}`;
  });
  contents[`${information}/RECORD`] = [...record, `${information}/RECORD,,`, ''].join('\n');
  const bytes = Object.entries(contents).map(([path, text]) => [path, strToU8(text)] as const);
  const content = Buffer.from(zipSync(Object.fromEntries(bytes), { mtime: new Date(before) }));
  return { project, file: `${stem}-py3-none-any.whl`, content };
}

/** A gzipped tar archive with one folder at its top, as sdists are. */
function archive(top: string, files: Readonly<Record<string, string>>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'bai-dev-standin-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      const place = join(folder, top, path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, text);
    }
    const file = join(folder, 'sdist.tar.gz');
    tar.create({ file, cwd: folder, gzip: true, portable: true, mtime: new Date(before), sync: true }, [top]);
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function moduleOf(project: string): string {
  return project.replace(/[-.]/g, '_');
}
