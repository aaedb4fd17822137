// A service of the stack as the engine's own description of a container, with the labels that compose goes by.
import { networkName, volumeName } from '../../environment/names.ts';
import { makerLabels, projectLabel, type Labels } from '../../docker/labels.ts';
import { fingerprint } from '../../plan/run.ts';
import type { World } from '../../world.ts';
import type { Service, Stack } from '../engine.ts';

/** Hash of everything that makes a container what it is: another one means that it is made anew. */
export const definitionLabel = 'dev.bai-dev.definition';

/** The compose whose labels these are; it reads its own version back and goes by the rest. */
const composeVersion = '2.26.1';

/** Times in Docker's API are in nanoseconds. */
const nanoseconds = (seconds: number): number => Math.round(seconds * 1e9);

/** The body of the engine's request; published on loopback only. */
export function containerBody(world: World, stack: Stack, service: Service): object {
  const { image, command, environment, port, volume, health, restart } = service;
  const inside = `${port.inside}/tcp`;
  return {
    Image: image,
    ...(command === undefined ? {} : { Cmd: command }),
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ExposedPorts: { [inside]: {} },
    Healthcheck: {
      Test: health.test,
      Interval: nanoseconds(health.interval),
      Timeout: nanoseconds(health.timeout),
      Retries: health.retries,
    },
    Labels: containerLabels(world, stack, service),
    HostConfig: {
      RestartPolicy: { Name: restart },
      PortBindings: { [inside]: [{ HostIp: '127.0.0.1', HostPort: String(port.outside) }] },
      NetworkMode: networkName(stack.project, stack.network),
      ...(volume === undefined
        ? {}
        : {
            Mounts: [
              { Type: 'volume', Source: volumeName(stack.project, volume.name), Target: volume.target },
            ],
          }),
    },
    NetworkingConfig: {
      EndpointsConfig: { [networkName(stack.project, stack.network)]: { Aliases: [service.name] } },
    },
  };
}

/** The hash that `definitionLabel` holds: of the stack's own words, so that it is the same for every engine. */
export function definitionOf(stack: Stack, service: Service): string {
  return fingerprint({ service: { ...service, bytes: undefined }, network: stack.network });
}

/** Labels of the network and of a volume; compose finds them by project and name. */
export const networkLabels = (world: World, stack: Stack): Labels => ({
  ...makerLabels(world, stack.project),
  ...projectLabels(stack),
  'com.docker.compose.network': stack.network,
});

export const volumeLabels = (world: World, stack: Stack, volume: string): Labels => ({
  ...makerLabels(world, stack.project),
  ...projectLabels(stack),
  'com.docker.compose.volume': volume,
});

/** Without `config-hash` a container is invisible to `docker compose ps`, whatever else it carries. */
function containerLabels(world: World, stack: Stack, service: Service): Labels {
  const definition = definitionOf(stack, service);
  return {
    ...makerLabels(world, stack.project),
    [definitionLabel]: definition,
    ...projectLabels(stack),
    'com.docker.compose.service': service.name,
    'com.docker.compose.container-number': '1',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.config-hash': definition,
    'com.docker.compose.depends_on': '',
    'com.docker.compose.project.working_dir': stack.installPath,
    'com.docker.compose.project.config_files': stack.composeFile,
  };
}

const projectLabels = (stack: Stack): Labels => ({
  [projectLabel]: stack.project,
  'com.docker.compose.version': composeVersion,
});
