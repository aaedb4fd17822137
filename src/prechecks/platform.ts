// Is this a kind of machine for which Backend.AI's packages exist?
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

const systems: Readonly<Partial<Record<NodeJS.Platform, string>>> = { linux: 'Linux', darwin: 'macOS' };
const architectures = ['x64', 'arm64'];

/** System, architecture and user; and whether the release's ready-made binaries exist for them. */
export function checkPlatform({ host }: World, { release }: Draft): Promise<Checked<never>> {
  const findings: Finding[] = [platform(host.platform, host.architecture)];
  if (host.user.uid === 0) {
    findings.push({
      id: 'platform.root',
      severity: 'note',
      title: 'This runs as root',
      reason: 'Everything that is made will belong to root.',
    });
  }
  const machine = `${host.platform}-${host.architecture}`;
  const bare = Object.values(release.trees).filter(
    ({ binaries }) => Object.keys(binaries).length > 0 && !(machine in binaries),
  );
  if (bare.length > 0) {
    findings.push({
      id: 'platform.binaries',
      severity: 'warning',
      title: `${release.title} has no binaries for ${machine}`,
      reason: `The sources of ${bare.map((tree) => tree.package?.name ?? tree.folder).join(', ')} lack files that only come built.`,
    });
  }
  return Promise.resolve({ findings });
}

function platform(system: NodeJS.Platform, architecture: string): Finding {
  const name = systems[system];
  if (system === 'win32') {
    return {
      id: 'platform.windows',
      severity: 'blocker',
      title: 'Windows itself cannot run Backend.AI',
      reason: 'Install and run bai-dev inside WSL2, the Linux that Windows brings along.',
      next: [{ purpose: 'set WSL2 up', command: 'wsl --install' }],
    };
  }
  if (name === undefined || !architectures.includes(architecture)) {
    return {
      id: 'platform.unsupported',
      severity: 'blocker',
      title: `${name ?? system} on ${architecture} is not supported`,
      reason: "Backend.AI's packages exist for Linux and macOS, each on x64 and arm64.",
      next: [{ purpose: 'use such a machine', command: 'uname -sm' }],
    };
  }
  return { id: 'platform.ok', severity: 'ok', title: `${name} on ${architecture}` };
}
