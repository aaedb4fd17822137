// Rows about the program itself: how long it takes to say something.
import { spawn } from 'node:child_process';
import { buildProgram, freshHome } from '../rig/program.ts';
import { inTurn, type Row } from './row.ts';

/** `--help` beside the smallest program that Node can run. */
export async function commandRows(): Promise<readonly Row[]> {
  const program = buildProgram();
  const home = freshHome();
  try {
    const [help, nothing] = await inTurn(20, [
      () => node([program.bin, '--help'], home.variables),
      () => node(['-e', '0'], home.variables),
    ]);
    return [
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
