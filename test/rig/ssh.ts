// A program that stands in for ssh: runs on this machine what was meant for another one, or says why it cannot.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface StandInSsh {
  /** Its path, which ends with `/ssh`: git takes it for OpenSSH. */
  readonly path: string;
  /** The words of each call. */
  calls(): readonly string[];
  /** From now on it says this and ends with ssh's own 255. */
  refuse(words: string): void;
}

const script = `#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >>"$here/calls"
if [ -f "$here/refusal" ]; then cat "$here/refusal" >&2; exit 255; fi
for command; do :; done
exec sh -c "$command"
`;

/** In a folder of its own, which is made. */
export function makeSsh(folder: string): StandInSsh {
  mkdirSync(folder, { recursive: true });
  const calls = join(folder, 'calls');
  const path = join(folder, 'ssh');
  writeFileSync(path, script, { mode: 0o755 });
  return {
    path,
    calls: () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []),
    refuse: (words) => writeFileSync(join(folder, 'refusal'), `${words}\n`),
  };
}
