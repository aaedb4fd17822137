// Is there a Python that the release can live with?
import { pyenvRoot } from '../environment/names.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { kindOf } from '../host/files.ts';
import { isProgram } from '../host/path.ts';
import { findInterpreters, pyenvTrouble, type Interpreter } from '../python/interpreter.ts';
import { askMirror, isInstalled, managedPython, type ManagedPython } from '../python/managed.ts';
import type { NextCommand } from '../failure.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

/**
 * The one that is used is named: pyenv's or the PATH's, else a build that uv brings, if that can be had. One that
 * lacks modules is none, for packages would fail with riddles.
 */
export async function checkPython(world: World, draft: Draft): Promise<Checked<EnvironmentSpec['python']>> {
  const recorded = draft.record?.spec.python;
  // what was chosen once is kept for life
  if (recorded?.managed !== undefined) {
    const { version, path, managed } = recorded;
    return broughtByUv(world, { version, path, managed });
  }
  // one that was removed, as an upgrade does, gives way to another of its series
  const isGone = recorded !== undefined && !(await isProgram(recorded.path));
  const wish = isGone ? seriesOf(recorded.version) : (draft.pythonVersion ?? draft.release.python);
  const [found, remarks] = await Promise.all([findInterpreters(world, wish), unreadable(world)]);
  const [best] = found;
  const answer =
    best?.missing.length === 0 ? plain(best) : await otherwise(world, { draft, wish, incomplete: best });
  return { ...answer, findings: [...answer.findings, ...unusual(draft), ...remarks] };
}

/** The release's packages were resolved and tried with one minor version of Python. */
function unusual({ pythonVersion, release, id }: Draft): Finding[] {
  const minor = pythonVersion?.split('.').slice(0, 2).join('.');
  if (minor === undefined || minor === release.python) return [];
  return [
    {
      id: 'python.unusual',
      severity: 'warning',
      title: `${release.title} is made for Python ${release.python}, not ${minor}`,
      reason: `Packages of that time may not install or run with ${minor}.`,
      next: [
        {
          purpose: `use ${release.python}`,
          command: `bai-dev install -e ${id} --python-version ${release.python}`,
        },
      ],
    },
  ];
}

/** `3.9` of `3.9.18`. */
const seriesOf = (version: string): string => version.split('.').slice(0, 2).join('.');

type Answer = Checked<EnvironmentSpec['python']>;

function plain(best: Interpreter): Answer {
  const { version, path, pyenv, from } = best;
  const title = `Python ${version} from ${from}`;
  return {
    findings: [{ id: 'python.version', severity: 'ok', title, reason: path }, ...readOnly(best)],
    facts: { version, path, ...(pyenv === undefined ? {} : { pyenv }) },
  };
}

/** None of this machine's will do. */
async function otherwise(
  world: World,
  wanted: { draft: Draft; wish: string; incomplete: Interpreter | undefined },
): Promise<Answer> {
  const { draft, wish, incomplete } = wanted;
  const lack: Omit<Finding, 'severity' | 'reason'> & { reason: string } =
    incomplete === undefined
      ? {
          id: 'python.version',
          title: `No Python ${wish}`,
          reason: `Backend.AI ${draft.release.version} needs it; pyenv and the PATH were searched.`,
        }
      : {
          id: 'python.modules',
          title: `Python ${incomplete.version} lacks ${incomplete.missing.join(', ')}`,
          reason: `${incomplete.path} was built without the libraries behind them.`,
        };
  const next = [
    ...(incomplete === undefined ? [] : libraries(world, incomplete)),
    ...(await remedies(world, wish)),
  ];
  const build = managedPython(world.host, wish);
  if (build === undefined) return { findings: [{ ...lack, severity: 'blocker', next }] };
  const answer = await broughtByUv(world, build);
  if (answer.facts !== undefined) {
    return { ...answer, findings: [...answer.findings, { ...lack, severity: 'note', next }] };
  }
  const [trouble] = answer.findings;
  return {
    findings: [
      {
        ...lack,
        severity: 'blocker',
        reason: `${lack.reason} ${trouble?.reason ?? ''}`,
        next: [...next, ...(trouble?.next ?? [])],
      },
    ],
  };
}

/** The mirror is asked unless the build is there already. */
async function broughtByUv(world: World, python: ManagedPython): Promise<Answer> {
  const { version, path, managed } = python;
  const { bytes = managed.bytes, trouble } = (await isInstalled(python))
    ? {}
    : await askMirror(world, python);
  if (trouble !== undefined) {
    return {
      findings: [
        {
          id: 'python.build',
          severity: 'blocker',
          title: `Python ${version} cannot be fetched`,
          reason: `uv's own build of ${version} cannot be had: ${trouble}`,
          next: [
            {
              purpose: 'name a mirror of python-build-standalone that answers, such as',
              command:
                'export UV_PYTHON_INSTALL_MIRROR=https://releases.astral.sh/github/python-build-standalone/releases/download',
            },
          ],
        },
      ],
    };
  }
  return {
    findings: [
      { id: 'python.version', severity: 'ok', title: `Python ${version} brought by uv`, reason: path },
    ],
    facts: { version, path, managed: { ...managed, ...(bytes === undefined ? {} : { bytes }) } },
  };
}

async function unreadable({ host }: World): Promise<Finding[]> {
  const trouble = await pyenvTrouble(host);
  if (trouble === undefined) return [];
  const root = pyenvRoot(host);
  return [
    {
      id: 'python.pyenv',
      severity: 'warning',
      title: "pyenv's folder cannot be looked into",
      reason: `${trouble} Its Pythons are passed over.`,
      next: [{ purpose: 'see whose it is', command: `ls -ld ${JSON.stringify(root)}` }],
    },
  ];
}

function readOnly({ from, pyenv }: Interpreter): Checked<never>['findings'] {
  if (from !== 'pyenv' || pyenv !== undefined) return [];
  return [
    {
      id: 'python.pyenv',
      severity: 'note',
      title: "pyenv's folder is not ours to write",
      reason: 'The virtualenvs lie in the trees, as .venv, and pyenv does not know of them.',
    },
  ];
}

async function remedies({ host }: World, wish: string): Promise<NextCommand[]> {
  if ((await kindOf(pyenvRoot(host)).catch(() => undefined)) === 'folder')
    return [{ purpose: 'build it with pyenv', command: `pyenv install ${wish}` }];
  const pyenv = host.platform === 'darwin' ? 'brew install pyenv' : 'curl -fsSL https://pyenv.run | bash';
  return [{ purpose: 'get pyenv, which builds it', command: `${pyenv} && pyenv install ${wish}` }];
}

/** Packages with the headers that a build of Python needs for these modules. */
function libraries({ host }: World, { missing }: Interpreter): NextCommand[] {
  const debian: Record<string, string> = {
    ssl: 'libssl-dev',
    lzma: 'liblzma-dev',
    ctypes: 'libffi-dev',
    sqlite3: 'libsqlite3-dev',
  };
  const brew: Record<string, string> = { ssl: 'openssl@3', lzma: 'xz', ctypes: 'libffi', sqlite3: 'sqlite' };
  const names = missing.map((module) => (host.platform === 'darwin' ? brew : debian)[module] ?? module);
  const install = host.platform === 'darwin' ? 'brew install' : 'sudo apt-get install';
  return [{ purpose: 'install the libraries', command: `${install} ${names.join(' ')}` }];
}
