// The states that a machine with or without NVIDIA GPUs can be in: stand-in programs say what the real ones say.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkAccelerator } from '../../src/prechecks/nvidia.ts';
import { survey } from '../../src/prechecks/survey.ts';
import type { Finding } from '../../src/report/events.ts';
import type { AcceleratorKind } from '../../src/release/accelerator.ts';
import { faultyEngine, replies, version, type FaultyEngine } from '../docker/engine.ts';
import { sandbox, type Sandbox } from '../rig/world.ts';
import { draftIn, said } from './asking.ts';

let box: Sandbox;
let bin: string;
let engine: FaultyEngine | undefined;
beforeEach(() => {
  box = sandbox();
  bin = join(box.folder, 'bin');
  mkdirSync(bin);
  Object.assign(box.world.host.variables, {
    PATH: bin,
    DOCKER_HOST: `unix://${join(box.folder, 'docker.sock')}`,
  });
});
afterEach(async () => {
  await engine?.close();
  engine = undefined;
  box.remove();
});

/** Without a first line that names an interpreter the system takes its shell. */
function program(name: string, script: string): void {
  const path = join(bin, name);
  writeFileSync(path, `${script}\n`);
  chmodSync(path, 0o755);
}

const say = (text: string, exit = 0): string =>
  `printf '%s\n' '${text.replaceAll('\n', "' '")}'\nexit ${exit}`;

/** What a machine says on which everything is well; an undefined program is not there. */
interface Machine {
  readonly query: string;
  readonly list: string;
  readonly toolkit: string | undefined;
  readonly command: string | undefined;
  readonly loader: string;
  /** Names of Docker's runtimes; undefined without an engine. */
  readonly runtimes: readonly string[] | undefined;
}

const well: Machine = {
  query: say('535.104.05, NVIDIA A100-SXM4-40GB\n535.104.05, NVIDIA A100-SXM4-40GB'),
  list: say('GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-1)\nGPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-2)'),
  toolkit: say('NVRM version:   535.104.05\nCUDA version:   12.2'),
  command: say('NVIDIA Docker: 2.13.0\n{"Client":{},"Server":{"Version":"20.10.24"}}'),
  loader: say('42 libs found in cache\n\tlibcudart.so.11.1 (libc6,x86-64) => /usr/lib/libcudart.so.11.1'),
  runtimes: ['runc', 'nvidia'],
};

async function look(change: Partial<Machine>, kind: AcceleratorKind = 'cuda'): Promise<readonly Finding[]> {
  const machine = { ...well, ...change };
  program('nvidia-smi', `if [ "$1" = -L ]; then\n${machine.list}\nfi\n${machine.query}`);
  program('ldconfig', machine.loader);
  if (machine.toolkit !== undefined) program('nvidia-container-cli', machine.toolkit);
  if (machine.command !== undefined) program('nvidia-docker', machine.command);
  if (machine.runtimes !== undefined) {
    const known = Object.fromEntries(machine.runtimes.map((name) => [name, { path: name }]));
    const table = { '/version': version('1.45'), '/info': [200, { Runtimes: known }] } as const;
    engine = await faultyEngine(join(box.folder, 'docker.sock'), replies(table));
  }
  const checked = checkAccelerator(box.world, { ...draftIn(box), accelerator: kind });
  await said(checked);
  return (await checked).findings;
}

const warnings = (findings: readonly Finding[]): string[] =>
  findings.filter(({ severity }) => severity !== 'ok').map(({ id, severity }) => `${id} ${severity}`);

test('a machine with everything is told of what it has', async () => {
  const findings = await look({});
  expect(findings.map(({ id, title }) => `${id}: ${title}`)).toEqual([
    'nvidia.driver: NVIDIA driver 535.104.05',
    'nvidia.devices: 2 GPUs: NVIDIA A100-SXM4-40GB',
    "nvidia.toolkit: NVIDIA's container toolkit works",
    'nvidia.runtime: Docker has the runtime nvidia',
    'nvidia.command: nvidia-docker 2.13.0',
    'nvidia.library: CUDA runtime libcudart.so.11.1',
  ]);
});

describe('without a GPU to work with', () => {
  const failing = (text: string, exit: number): Partial<Machine> => ({ query: say(text, exit) });
  const cannot = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.";
  test.each<[string, Partial<Machine>]>([
    ['nvidia.driver-not-loaded', { query: `echo "${cannot}"; exit 9` }],
    ['nvidia.driver-mismatch', failing('Failed to initialize NVML: Driver/library version mismatch', 18)],
    [
      'nvidia.driver-library',
      { query: `echo "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system."; exit 12` },
    ],
    ['nvidia.driver-forbidden', failing('Failed to initialize NVML: Insufficient Permissions', 4)],
    ['nvidia.devices-none', failing('No devices were found', 6)],
    ['nvidia.devices-none', failing('No devices were found', 0)],
    ['nvidia.devices-lost', failing('Unable to determine the device handle: GPU is lost.', 15)],
    ['nvidia.driver-failed', failing('Something else', 255)],
    ['nvidia.driver-unreadable', failing('name, pci.bus_id', 0)],
    ['nvidia.driver-silent', { query: 'kill -TERM $$' }],
  ])('%s is the one thing that is told', async (id, change) => {
    // all the rest is amiss as well, and beside the point
    const findings = await look({ toolkit: undefined, command: undefined, runtimes: undefined, ...change });
    expect(warnings(findings)).toEqual([`${id} warning`]);
    expect(findings[0]?.reason).toContain('offers CPU and memory only');
    expect(findings[0]?.next?.at(-1)?.command).toBe('bai-dev install -e mine --enable-cuda-mock');
  });

  test('the reason is what is wrong, not the advice below it', async () => {
    const text = [
      'Failed to initialize NVML: Driver/library version mismatch',
      'NVML library version: 535.183',
    ];
    const [finding] = await look({ query: say(text.join('\n'), 18) });
    expect(finding?.reason).toContain(`nvidia-smi says: ${text[0]}.`);
    expect(finding?.reason).not.toContain(text[1]);
  });

  test('nvidia.driver-absent is the one thing that is told', async () => {
    const checked = checkAccelerator(box.world, { ...draftIn(box), accelerator: 'cuda' });
    expect(await said(checked)).toEqual(['nvidia.driver-absent warning']);
    expect((await checked).findings[0]?.next?.at(-1)?.command).toContain('--enable-cuda-mock');
  });
});

describe('with a GPU', () => {
  const newer = '\tlibcudart.so.12 (libc6,x86-64) => /usr/lib/libcudart.so.12';
  test.each<[string, Partial<Machine>, RegExp]>([
    ['nvidia.driver-old', { query: say('390.157, GeForce GTX 460') }, /^418\.81 or later/],
    [
      'nvidia.devices-sliced',
      { list: say('GPU 0: NVIDIA A100 (UUID: GPU-1)\n  MIG 3g.20gb     Device  0: (UUID: MIG-1)') },
      /whole GPUs only/,
    ],
    ['nvidia.toolkit-absent', { toolkit: undefined }, /containers with one cannot be started/],
    [
      'nvidia.toolkit-failed',
      { toolkit: say('nvidia-container-cli: initialization error: load library failed', 1) },
      /load library failed/,
    ],
    ['nvidia.runtime-absent', { runtimes: ['runc'] }, /CPU sessions/],
    ['nvidia.runtime-unknown', { runtimes: undefined }, /needs Docker to run at all/],
    ['nvidia.command-absent', { command: undefined }, /turns itself off/],
    ['nvidia.command-failed', { command: say('docker: permission denied', 1) }, /permission denied/],
    ['nvidia.command-unreadable', { command: say('{"Client":{}}') }, /turns itself off/],
    ['nvidia.library-absent', { loader: say('0 libs found in cache') }, /libcudart\.so\.11\.1/],
    ['nvidia.library-newer', { loader: say(newer) }, /turns itself off/],
  ])('%s is told beside what is well', async (id, change, reason) => {
    const findings = await look(change);
    expect(warnings(findings)).toEqual([`${id} warning`]);
    expect(findings.find((finding) => finding.id === id)?.reason).toMatch(reason);
    expect(findings.length).toBeGreaterThanOrEqual(6);
  });
});

test('the mock asks for no GPU, only for the program that it runs', async () => {
  const nothing = { runtimes: undefined };
  expect(warnings(await look(nothing, 'cuda-mock'))).toEqual(['cuda-mock.commands warning']);
  program('docker', say('{}'));
  expect(await look(nothing, 'cuda-mock')).toEqual([
    { id: 'cuda-mock.commands', severity: 'ok', title: 'GPUs are made up' },
  ]);
});

test('nothing of it is asked where no GPU is wanted', async () => {
  program('nvidia-smi', `touch ${join(box.folder, 'asked')}\nsleep 60`);
  program('ldconfig', say(''));
  const { findings } = await survey(box.world, draftIn(box));
  expect(findings.filter(({ id }) => id.startsWith('nvidia'))).toEqual([]);
  expect(existsSync(join(box.folder, 'asked'))).toBe(false);
});
