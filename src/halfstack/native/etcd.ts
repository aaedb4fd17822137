// etcd as a process of this user: a cluster of one.
import { makeFolder } from '../../host/files.ts';
import { unsupported } from './installed.ts';
import { loopback, settingsIn, without, type Job, type NativeServer } from './launch.ts';
import { compare } from './version.ts';

/** From here on it has no second API any more, and refuses the flag. */
const withoutV2 = '3.6';

export const etcdServer: NativeServer = {
  makeData: async ({ place }) => {
    await makeFolder(place.data, 0o700);
  },
  launch: ({ world, stack, service, place, version, peerPort }: Job) => {
    const client = stack.endpoints.etcd.url;
    const peer = `http://${loopback}:${peerPort}`;
    const name = stack.project;
    const kept = settingsIn(service).filter(
      ([setting]) =>
        !/^(name|data-dir|listen-|advertise-|initial-)/.test(setting) &&
        !(setting === 'enable-v2' && compare(version, withoutV2) >= 0),
    );
    return Promise.resolve({
      args: [
        `--name=${name}`,
        `--data-dir=${place.data}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=${name}=${peer}`,
        `--initial-cluster-token=${name}`,
        '--initial-cluster-state=new',
        ...kept.map(([setting, value]) => `--${setting}=${value}`),
      ],
      environment: { ...without(world, 'ETCD_', 'ETCDCTL_'), ...unsupported(world) },
    });
  },
};
