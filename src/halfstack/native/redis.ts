// Redis, or Valkey, as a process of this user: its settings lie in a file, so that no password is seen in `ps`.
import { join } from 'node:path';
import { makeFolder, writeWhole } from '../../host/files.ts';
import { loopback, settingsIn, type Job, type NativeServer } from './launch.ts';

export const redisServer: NativeServer = {
  makeData: async ({ place }) => {
    await makeFolder(place.data, 0o700);
  },
  launch: async (job) => {
    const path = join(job.places.folder, 'redis.conf');
    await writeWhole(path, configuration(job), 0o600);
    return { args: [path], environment: {} };
  },
};

function configuration({ service, stack }: Job): string {
  const settings: [string, string][] = [
    ...settingsIn(service),
    ['bind', loopback],
    ['port', String(stack.endpoints.redis.port)],
    // it is started in its data folder
    ['dir', '.'],
    ['daemonize', 'no'],
  ];
  return `${settings.map(([name, value]) => `${name} ${quoted(value)}`).join('\n')}\n`;
}

const quoted = (value: string): string => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
