// A real Python of this machine, for tests that do not care which.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The newest 3.9 of pyenv if there is one, else what `python3` is. */
export function realPython(): { readonly version: string; readonly path: string } {
  const versions = join(process.env['PYENV_ROOT'] ?? join(homedir(), '.pyenv'), 'versions');
  const pyenv = safe(() => readdirSync(versions).filter((name) => /^3\.9\.\d+$/.test(name))) ?? [];
  const file = pyenv[0] === undefined ? 'python3' : join(versions, pyenv[0], 'bin/python3.9');
  const question = 'import platform, sys; print(platform.python_version()); print(sys.executable)';
  const [version = '', path = ''] = execFileSync(file, ['-I', '-c', question], { encoding: 'utf8' }).split(
    '\n',
  );
  return { version, path };
}

function safe<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
