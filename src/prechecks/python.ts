// Is there a Python that the release can live with?
import { pyenvRoot } from '../environment/names.ts';
import type { EnvironmentSpec } from '../environment/spec.ts';
import { kindOf } from '../host/files.ts';
import { findInterpreters, type Interpreter } from '../python/interpreter.ts';
import type { NextCommand } from '../failure.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

/** The one that is used is named; one that lacks modules is a blocker, for packages would fail with riddles. */
export async function checkPython(world: World, draft: Draft): Promise<Checked<EnvironmentSpec['python']>> {
  const wish = draft.pythonVersion ?? draft.release.python;
  const found = await findInterpreters(world, wish);
  const [best] = found;
  const next = await remedies(world, wish);
  if (best === undefined) {
    const where = 'pyenv and the PATH were searched';
    return {
      findings: [
        {
          id: 'python.version',
          severity: 'blocker',
          title: `No Python ${wish}`,
          reason: `Backend.AI ${draft.release.version} needs it; ${where}.`,
          next,
        },
      ],
    };
  }
  if (best.missing.length > 0) {
    return {
      findings: [
        {
          id: 'python.modules',
          severity: 'blocker',
          title: `Python ${best.version} lacks ${best.missing.join(', ')}`,
          reason: `${best.path} was built without the libraries behind them.`,
          next: [...libraries(world, best), ...next],
        },
      ],
    };
  }
  return {
    findings: [
      {
        id: 'python.version',
        severity: 'ok',
        title: `Python ${best.version} from ${best.from}`,
        reason: best.path,
      },
      ...readOnly(best),
    ],
    facts: {
      version: best.version,
      path: best.path,
      ...(best.pyenv === undefined ? {} : { pyenv: best.pyenv }),
    },
  };
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
  if ((await kindOf(pyenvRoot(host))) === 'folder')
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
