// What stands between NVIDIA's driver and a container: toolkit, runtime, and what the plugin itself runs and loads.
import { connectTo } from '../docker/client.ts';
import { probeDocker } from '../docker/probe.ts';
import { runtimesOf } from '../docker/runtimes.ts';
import { Failure } from '../failure.ts';
import { execute } from '../host/exec.ts';
import type { Accelerator } from '../release/release.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Draft } from './draft.ts';
import { answerOf, lastLine } from './gpus.ts';
import { withoutGpu } from './nvidia-driver.ts';

/** One finding each, all asked together. */
export function handoverFindings(
  world: World,
  draft: Draft,
  { commands, libraries }: Accelerator['asks'],
): Promise<Finding[]> {
  return Promise.all([
    toolkitFinding(world),
    runtimeFinding(world, draft),
    ...commands.map((command) => commandFinding(world, command)),
    ...(libraries.length === 0 ? [] : [libraryFinding(world, libraries)]),
  ]);
}

/** The toolkit puts driver and devices into containers. */
async function toolkitFinding(world: World): Promise<Finding> {
  const answer = await answerOf(world, 'nvidia-container-cli', ['info']);
  const next = [{ purpose: 'install the toolkit', command: 'sudo apt-get install nvidia-container-toolkit' }];
  const effect = 'The agent offers GPUs, but containers with one cannot be started.';
  if (answer.state === 'absent') {
    const title = "NVIDIA's container toolkit is not there";
    const reason = `There is no nvidia-container-cli. ${effect}`;
    return { id: 'nvidia.toolkit-absent', severity: 'warning', title, reason, next };
  }
  if (answer.state === 'silent' || answer.exit !== 0) {
    const why = answer.state === 'silent' ? 'it does not end' : lastLine(answer.text);
    return {
      id: 'nvidia.toolkit-failed',
      severity: 'warning',
      title: "NVIDIA's container toolkit does not work",
      reason: `nvidia-container-cli says: ${why}. ${effect}`,
      next: [{ purpose: 'see why', command: 'nvidia-container-cli --load-kmods --debug=/dev/stderr info' }],
    };
  }
  return { id: 'nvidia.toolkit', severity: 'ok', title: "NVIDIA's container toolkit works" };
}

async function runtimeFinding(world: World, { record }: Draft): Promise<Finding> {
  const known = record?.spec.engineAddress;
  const facts = await probeDocker(world, known === '' ? undefined : known);
  if (facts.state !== 'ok') return noDocker;
  try {
    const runtimes = await runtimesOf(connectTo(world, facts.address));
    if (runtimes.includes('nvidia'))
      return { id: 'nvidia.runtime', severity: 'ok', title: 'Docker has the runtime nvidia' };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'BAI-ENGINE') throw error;
    return noDocker;
  }
  return {
    id: 'nvidia.runtime-absent',
    severity: 'warning',
    title: 'Docker does not know the runtime nvidia',
    reason:
      'It gives GPUs to containers only if it found the toolkit when it started. CPU sessions are not touched by that.',
    next: [
      { purpose: 'tell Docker of it', command: 'sudo nvidia-ctk runtime configure --runtime=docker' },
      { purpose: 'then', command: 'sudo systemctl restart docker' },
    ],
  };
}

const noDocker: Finding = {
  id: 'nvidia.runtime-unknown',
  severity: 'warning',
  title: 'Docker could not be asked for the runtime nvidia',
  reason: 'The agent needs Docker to run at all. The other daemons run without.',
};

/** A program that the plugin itself runs, first of all: with a version in its first line and JSON in the second. */
async function commandFinding(world: World, command: string): Promise<Finding> {
  const answer = await answerOf(world, command, ['version', '-f', '{{json .}}']);
  const off = `The plugin turns itself off without that. ${withoutGpu}`;
  if (answer.state === 'absent') {
    return {
      id: 'nvidia.command-absent',
      severity: 'warning',
      title: `There is no ${command}`,
      reason: `Today's toolkit does not bring it any more. ${off}`,
      next: [{ purpose: 'install the package that does', command: 'sudo apt-get install nvidia-docker2' }],
    };
  }
  const text = answer.state === 'said' ? answer.text : '';
  const [first = '', second = ''] = text.split('\n');
  const version = /\d+\.\d+\.\d+/.exec(first)?.[0];
  if (answer.state === 'silent' || answer.exit !== 0) {
    const why = answer.state === 'silent' ? 'it does not end' : lastLine(text);
    return {
      id: 'nvidia.command-failed',
      severity: 'warning',
      title: `${command} fails`,
      reason: `It says: ${why}. ${off}`,
      next: [{ purpose: 'see why', command: `${command} version` }],
    };
  }
  if (version === undefined || !second.startsWith('{')) {
    return {
      id: 'nvidia.command-unreadable',
      severity: 'warning',
      title: `${command} does not say what the plugin reads`,
      reason: `The plugin wants its version in the first line, and Docker's answer in the second. ${off}`,
      next: [{ purpose: 'see what it says', command: `${command} version -f '{{json .}}'` }],
    };
  }
  return { id: 'nvidia.command', severity: 'ok', title: `${command} ${version}` };
}

/** The plugin loads the CUDA runtime of the machine itself, by the names that it knows. */
async function libraryFinding(world: World, libraries: readonly string[]): Promise<Finding> {
  const cache = (await loaderCache(world, 'ldconfig')) || (await loaderCache(world, '/sbin/ldconfig'));
  const names = new Set([...cache.matchAll(/^\s*(\S+) \(/gm)].map(([, name]) => name ?? ''));
  const found = libraries.find((library) => names.has(library));
  if (found !== undefined) return { id: 'nvidia.library', severity: 'ok', title: `CUDA runtime ${found}` };
  const [first = '', last = ''] = [libraries[0], libraries.at(-1)];
  const stem = last.replace(/\.so.*$/, '.so');
  const other = [...names]
    .filter((name) => name.startsWith(stem))
    .sort()
    .at(-1);
  const off = `The plugin turns itself off without one. ${withoutGpu}`;
  const install = {
    purpose: 'install one, and have the loader find it',
    command: 'sudo apt-get install nvidia-cuda-toolkit && sudo ldconfig',
  };
  if (other === undefined) {
    return {
      id: 'nvidia.library-absent',
      severity: 'warning',
      title: 'There is no CUDA runtime',
      reason: `The loader knows neither ${first} nor an earlier one, nor ${last}. ${off}`,
      next: [install],
    };
  }
  return {
    id: 'nvidia.library-newer',
    severity: 'warning',
    title: `The CUDA runtime ${other} is not one that the plugin looks for`,
    reason: `It looks for ${first} and earlier ones, and for ${last}. ${off}`,
    next: [
      {
        purpose: 'give it that name too',
        command: `sudo ln -s ${other} /usr/local/lib/${last} && sudo ldconfig`,
      },
    ],
  };
}

async function loaderCache(world: World, file: string): Promise<string> {
  const told = await execute(world, { file, args: ['-p'], limit: 10, quiet: true }).catch(() => undefined);
  world.signal.throwIfAborted();
  return told?.stdout ?? '';
}
