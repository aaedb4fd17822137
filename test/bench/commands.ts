// Rows about the program itself: how long it takes to say something.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { blockPorts, blockSize } from '../../src/environment/ports.ts';
import { writeRecord } from '../../src/environment/store.ts';
import { sampleRecord } from '../environment/sample.ts';
import { buildProgram, freshHome, type Home } from '../rig/program.ts';
import { sandbox } from '../rig/world.ts';
import { inTurn, type Row } from './row.ts';

/** `--help`, and `list` with many environments, beside the smallest program that Node can run. */
export async function commandRows(): Promise<readonly Row[]> {
  const program = buildProgram();
  const home = freshHome();
  try {
    const [help, nothing] = await inTurn(20, [
      () => node([program.bin, '--help'], home.variables),
      () => node(['-e', '0'], home.variables),
    ]);
    await putEnvironments(home, many);
    const [listed, nothingAgain] = await inTurn(20, [
      () => node([program.bin, 'list'], home.variables),
      () => node(['-e', '0'], home.variables),
    ]);
    return [
      {
        what: `\`bai-dev list\`, ${many} environments`,
        ours: listed,
        theirs: { name: '`node -e 0`', seconds: nothingAgain },
        wanted: 'at most 150 ms more',
      },
      {
        what: '`bai-dev --help`',
        ours: help,
        theirs: { name: '`node -e 0`', seconds: nothing },
        wanted: 'at most 60 ms more',
      },
    ];
  } finally {
    home.remove();
    program.remove();
  }
}

const many = 50;

/** Records as installs leave them, each with a folder of its own. */
async function putEnvironments(
  { home, state, cache, config, variables }: Home,
  count: number,
): Promise<void> {
  const box = sandbox({ home, folders: { state, cache, config }, variables });
  for (let at = 0; at < count; at += 1) {
    const installPath = join(home, 'backend.ai-dev', `env${at}`);
    mkdirSync(installPath, { recursive: true });
    const base = 10_000 + blockSize * at;
    const record = sampleRecord(`env${at}`, { installPath, base, ports: blockPorts(base) });
    await writeRecord(box.world.host, { ...record, phase: 'ready' });
  }
  box.remove();
}

function node(args: readonly string[], variables: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: variables, stdio: 'ignore' });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`node ${args.join(' ')} ended with ${String(code)}`));
    });
  });
}
