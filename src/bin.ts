#!/usr/bin/env node
// The edge of the program: the only place that reads the process, hears its signals and ends it.
import { createRequire } from 'node:module';
import { availableParallelism, constants, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Input } from './cli/input.ts';
import { defined } from './defined.ts';
import { isForLibraries } from './host/variables.ts';
import { main } from './main.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const { argv, stdin, stdout, stderr } = process;
const ended = new AbortController();
let listener: ((signal: NodeJS.Signals) => void) | undefined;

for (const name of signals) {
  process.on(name, () => {
    if (listener !== undefined) {
      listener(name);
      return;
    }
    // the second one means: now
    if (ended.signal.aborted) leave(128 + constants.signals[name]);
    ended.abort(name);
  });
}
process.on('uncaughtException', (error) => ended.abort(error));
// Node would end without a word when all that is left is a promise that nothing will settle
process.once('beforeExit', () => ended.abort(new Error('what was waited for never came')));

for (const stream of [stdout, stderr]) {
  // a reader that went away, a full disk or a closed terminal must not end the work
  stream.on('error', () => undefined);
  // such a terminal (serial lines, some CI) sends ora into an endless loop: libraries.md section 5
  if (stream.isTTY && stream.columns === 0) {
    Object.defineProperty(stream, 'columns', { value: 80, configurable: true });
  }
}

const input = readInput();
// libraries would obey them; what the user said is in the input
for (const name of Object.keys(process.env).filter(isForLibraries)) Reflect.deleteProperty(process.env, name);
leave(await main(input));

function readInput(): Input {
  const assets = fileURLToPath(new URL('../', import.meta.url));
  const about = createRequire(import.meta.url)('../package.json') as {
    version: string;
    bugs?: { url: string };
  };
  return {
    argv: argv.slice(2),
    ...defined({ program: argv[1] }),
    variables: { ...process.env },
    cwd: folder(),
    platform: process.platform,
    architecture: process.arch,
    node: process.version,
    user: user(),
    cpus: availableParallelism(),
    stdin,
    stdout,
    stderr,
    ended: ended.signal,
    assets,
    version: about.version,
    ...(about.bugs === undefined ? {} : { reportAt: about.bugs.url }),
    handOver: (listen) => (listener = listen),
    forbidColor: () => {
      delete process.env['FORCE_COLOR'];
      process.env['NO_COLOR'] = '1';
    },
  };
}

/** A shell may stand in a folder that was removed meanwhile. */
function folder(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

/** A container may run us under a number that has no name. */
function user(): Input['user'] {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  try {
    return { uid, gid, name: userInfo().username };
  } catch {
    return { uid, gid, name: String(uid) };
  }
}

function leave(code: number): never {
  if (stderr.isTTY) stderr.write('\u001B[?25h'); // a live view may have hidden the cursor
  process.exit(code);
}
