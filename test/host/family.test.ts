// Processes by what they carry and descend from: found also after they left their session and their parent died.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { allProcesses, carryingAll, withDescendants } from '../../src/host/family.ts';
import { processStart } from '../../src/host/proc.ts';

const script = `
  const { spawn } = require('node:child_process');
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  console.log(child.pid);
  setInterval(() => {}, 1000);
`;

it('finds a child that left its session by the marks it inherited, and by descent while its parent lives', async () => {
  const marks = { BAI_DEV_TEST_FAMILY: `a ${process.pid}`, BAI_DEV_TEST_OTHER: 'ü=x' };
  const parent = spawn(process.execPath, ['-e', script], {
    env: { ...process.env, ...marks },
    detached: true,
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(String(line));
  try {
    const all = await allProcesses();
    const mine = all.find(({ pid }) => pid === parent.pid);
    expect(mine).toEqual({
      pid: parent.pid,
      parent: process.pid,
      group: parent.pid,
      started: await processStart(parent.pid!),
    });
    expect(pids(withDescendants(all, [parent.pid!]))).toEqual([parent.pid, child]);
    expect(pids(await carryingAll(all, marks))).toEqual([parent.pid, child]);
    expect(await carryingAll(all, { ...marks, BAI_DEV_TEST_OTHER: 'y' })).toEqual([]);

    parent.kill('SIGKILL');
    await once(parent, 'exit');
    const later = await allProcesses();
    expect(withDescendants(later, [parent.pid!])).toEqual([]);
    expect(pids(await carryingAll(later, marks))).toEqual([child]);
  } finally {
    process.kill(child, 'SIGKILL');
  }
});

it('does not count a zombie among the living', async () => {
  // its parent, a shell that sleeps, does not ask for it
  const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
  const [line] = (await once(shell.stdout, 'data')) as [Buffer];
  const zombie = Number(String(line));
  await sleep(200);
  expect((await allProcesses()).filter(({ pid }) => pid === zombie)).toEqual([]);
  shell.kill('SIGKILL');
});

it('is not among those that it finds', async () => {
  const own = (await allProcesses()).filter(({ pid }) => pid === process.pid);
  expect(own).toHaveLength(1);
  const name = 'PATH';
  const value = process.env[name]!;
  expect(pids(await carryingAll(own, { [name]: value }))).toEqual([]);
});

const pids = (found: readonly { pid: number }[]): number[] =>
  found.map(({ pid }) => pid).sort((a, b) => a - b);
