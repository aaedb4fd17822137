// Can this machine give GPUs to the agent's plugin? Nothing that is found here stops an install.
import { programsNamed } from '../host/path.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';
import { lookAtGpus } from './gpus.ts';
import { handoverFindings } from './nvidia-docker.ts';
import { driverFinding, gpuFindings } from './nvidia-driver.ts';

/**
 * The accelerator that was asked for, against the machine. Without one nothing is asked. Everything that is amiss
 * is a warning: the agent runs without it, and `status` says so.
 */
export async function checkAccelerator(world: World, draft: Draft): Promise<Checked<never>> {
  const kind = draft.accelerator ?? 'none';
  const asks = kind === 'none' ? undefined : draft.release.accelerators[kind]?.asks;
  if (asks === undefined) return { findings: [] };
  if (kind === 'cuda-mock') return { findings: await mockFindings(world, asks.commands) };
  const gpus = await lookAtGpus(world);
  // without a GPU all that would hand it over is beside the point
  if (gpus.state !== 'ok') return { findings: [driverFinding(world, draft, gpus)] };
  return { findings: [...gpuFindings(gpus, asks), ...(await handoverFindings(world, draft, asks))] };
}

/** The mock wants no GPU, but runs programs of the real one's surroundings. */
async function mockFindings(world: World, commands: readonly string[]): Promise<Finding[]> {
  const found = await Promise.all(commands.map((command) => programsNamed(world.host, command)));
  const lacking = commands.filter((_, at) => found[at]?.length === 0);
  if (lacking.length === 0) return [{ id: 'cuda-mock.commands', severity: 'ok', title: 'GPUs are made up' }];
  return lacking.map((command) => ({
    id: 'cuda-mock.commands',
    severity: 'warning',
    title: `There is no ${command} for the mock plugin`,
    reason: `It runs ${command} before anything else and turns itself off without it: the agent then offers CPU and memory only.`,
  }));
}
