// One of many processes that want the same lock (see lock.test.ts): in and out again, round after round.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireLock } from '../../src/environment/lock.ts';
import { processStart } from '../../src/host/proc.ts';
import { sandbox } from '../rig/world.ts';

const [state = '', folder = '', rounds = ''] = process.argv.slice(2);
const box = sandbox();
box.remove();
const home = { ...box.world, host: { ...box.world.host, folders: { state, cache: state, config: state } } };
const inside = join(folder, 'inside');

if (rounds === 'hold') {
  await acquireLock(home, join(state, 'lock'), { command: 'hold' });
  await sleep(600_000);
}
for (let round = 0; round < Number(rounds); round += 1) {
  const lock = await acquireLock(home, join(state, 'lock'), { command: `round ${round}`, waitSeconds: 280 });
  await assertAlone();
  writeFileSync(inside, String(process.pid));
  await sleep(Math.random() * 4);
  if (readFileSync(inside, 'utf8') !== String(process.pid)) double('somebody came in after us');
  rmSync(inside);
  writeFileSync(join(folder, `done-${process.pid}-${round}`), '');
  await lock.release();
}

/** Whoever was killed inside left its file; only the file of a living process says that two are inside. */
async function assertAlone(): Promise<void> {
  let pid = 0;
  try {
    pid = Number(readFileSync(inside, 'utf8'));
  } catch {
    return;
  }
  if ((await processStart(pid)) !== undefined) double(`process ${pid} is inside`);
}

function double(what: string): never {
  writeFileSync(join(folder, `double-${process.pid}`), what);
  process.exit(3);
}
