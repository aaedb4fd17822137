// What a person should know of the NVIDIA driver and its GPUs; each state has a finding of its own.
import type { NextCommand } from '../failure.ts';
import type { Accelerator } from '../release/release.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Draft } from './draft.ts';
import type { GpuFacts } from './gpus.ts';

type Trouble = Exclude<GpuFacts, { state: 'ok' }>;

/** What works without one. */
export const withoutGpu = 'Without it the agent offers CPU and memory only.';

/** Why there is no GPU to work with. */
export function driverFinding(
  world: World,
  { id, record }: Pick<Draft, 'id' | 'record'>,
  gpus: Trouble,
): Finding {
  const { name, title, next } = troubleOf(world, gpus.state);
  const mock = {
    purpose: 'or use mock GPUs',
    // what is there already has to be changed
    command: `bai-dev install -e ${id}${record === undefined ? '' : ' --change'} --enable-cuda-mock`,
  };
  return {
    id: `nvidia.${name}`,
    severity: 'warning',
    title,
    reason: `${reasonOf(world, gpus)} ${withoutGpu}`,
    next: [...(next === undefined ? [] : [next]), mock],
  };
}

function reasonOf({ host }: World, gpus: Trouble): string {
  if ('why' in gpus) return `nvidia-smi says: ${gpus.why}.`;
  if (gpus.state === 'silent') return 'nvidia-smi did not end in time.';
  return host.platform === 'darwin'
    ? 'macOS has no NVIDIA driver.'
    : 'There is no nvidia-smi, which comes with the driver.';
}

const reboot = { purpose: 'load the driver that is installed', command: 'sudo reboot' };
const look = { purpose: 'see what it says', command: 'nvidia-smi' };

/** Each state has an ID of its own, below `nvidia`. */
function troubleOf(
  { host }: World,
  state: Trouble['state'],
): { readonly name: string; readonly title: string; readonly next?: NextCommand } {
  switch (state) {
    case 'absent':
      return { name: 'driver-absent', title: 'No NVIDIA GPU can be used here' };
    case 'silent':
      return { name: 'driver-silent', title: 'The NVIDIA driver does not answer', next: reboot };
    case 'not-loaded': {
      const next = { purpose: 'load it', command: 'sudo modprobe nvidia' };
      return { name: 'driver-not-loaded', title: 'The NVIDIA driver is not loaded', next };
    }
    case 'mismatch':
      return { name: 'driver-mismatch', title: 'The NVIDIA driver was updated while it ran', next: reboot };
    case 'library': {
      const next = { purpose: 'see which packages of it are there', command: "dpkg -l 'libnvidia-*'" };
      return { name: 'driver-library', title: "The NVIDIA driver's library is missing", next };
    }
    case 'forbidden': {
      const next = { purpose: 'see who may', command: 'ls -l /dev/nvidia*' };
      return { name: 'driver-forbidden', title: `${host.user.name} may not use the NVIDIA driver`, next };
    }
    case 'no-devices': {
      const next = { purpose: 'see whether the machine does', command: 'lspci -d 10de:' };
      return { name: 'devices-none', title: 'The NVIDIA driver finds no GPU', next };
    }
    case 'lost':
      return { name: 'devices-lost', title: 'The NVIDIA GPU does not answer any more', next: reboot };
    case 'failed':
      return { name: 'driver-failed', title: 'nvidia-smi fails', next: look };
    case 'unreadable':
      return { name: 'driver-unreadable', title: 'nvidia-smi gives no list of GPUs', next: look };
  }
}

/** Driver and GPUs that work. */
export function gpuFindings(
  { driver, gpus, slices }: Extract<GpuFacts, { state: 'ok' }>,
  asks: Accelerator['asks'],
): Finding[] {
  const names = [...new Set(gpus)].join(', ');
  const count = `${gpus.length} GPU${gpus.length === 1 ? '' : 's'}`;
  const old = asks.driver !== undefined && isOlder(driver, asks.driver);
  return [
    old
      ? {
          id: 'nvidia.driver-old',
          severity: 'warning',
          title: `NVIDIA driver ${driver} is old`,
          reason: `${asks.driver ?? ''} or later is known to work with containers. The agent may offer GPUs that no session gets.`,
        }
      : { id: 'nvidia.driver', severity: 'ok', title: `NVIDIA driver ${driver}` },
    { id: 'nvidia.devices', severity: 'ok', title: `${count}: ${names}` },
    ...(slices === 0
      ? []
      : [
          {
            id: 'nvidia.devices-sliced',
            severity: 'warning' as const,
            title: `A GPU is cut into ${slices} slices`,
            reason: 'The plugin counts whole GPUs only: sessions cannot be given a slice.',
          },
        ]),
  ];
}

/** True if a dotted version is less than another; what one of them does not say counts as 0. */
function isOlder(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) => text.split('.').map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
