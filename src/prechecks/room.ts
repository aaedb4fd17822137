// Is there disk and memory enough?
import { pyenvRoot } from '../environment/names.ts';
import { diskOf, memory, type Disk } from '../host/room.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked, Draft } from './draft.ts';

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/**
 * The release says what it needs in all; what lies on one file system needs its share there: trees in the install
 * path, downloads in the cache, virtualenvs in pyenv. An existing environment has used its share already.
 */
export async function checkRoom(world: World, draft: Draft): Promise<Checked<never>> {
  const { host } = world;
  const places = [draft.installPath, host.folders.cache, pyenvRoot(host)];
  const disks = await Promise.all(places.map(diskOf));
  const findings: Finding[] = [];
  for (const device of new Set(disks.map((disk) => disk.device))) {
    const here = disks.filter((disk) => disk.device === device);
    const [disk] = here;
    if (disk !== undefined) findings.push(room(draft, disk, here.length / places.length));
  }
  findings.push(await memoryFinding(draft));
  return { findings };
}

function room({ release, record }: Draft, { folder, free }: Disk, share: number): Finding {
  const needed = release.needs.disk * share;
  if (free >= needed)
    return { id: 'room.disk', severity: 'ok', title: `${gigabytes(free)} free in ${folder}` };
  return {
    id: 'room.disk',
    severity: record === undefined ? 'blocker' : 'warning',
    title: `${gigabytes(free)} free in ${folder}`,
    reason: `The install needs about ${gigabytes(needed)} there.`,
    next: [{ purpose: 'see what fills it', command: `df -h ${JSON.stringify(folder)}` }],
  };
}

async function memoryFinding({ release }: Draft): Promise<Finding> {
  const { total } = await memory();
  if (total >= release.needs.memory)
    return { id: 'room.memory', severity: 'ok', title: `${gigabytes(total)} of memory` };
  return {
    id: 'room.memory',
    severity: 'note',
    title: `${gigabytes(total)} of memory`,
    reason: `With all its servers running ${release.title} takes about ${gigabytes(release.needs.memory)}.`,
  };
}
