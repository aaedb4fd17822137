// The halfstack as a compose file: for people to read, and for docker compose 2 and docker-compose 1.29.
import { Document } from 'yaml';
import { environmentLabels, type Labels } from '../docker/labels.ts';
import type { Service, Stack } from './engine.ts';

const preface = [
  ' The halfstack of the Backend.AI environment PROJECT, written by bai-dev.',
  ' bai-dev makes and starts these containers itself and never reads this file back.',
  ' It is here to be read, and for: docker compose -p PROJECT ps | logs | stop | start',
  ' It holds passwords: keep it to yourself.',
].join('\n');

/** The text of the compose file of an owner. Holds secrets: write it with mode 0600. */
export function composeText(stack: Stack, owner: string): string {
  const { services, network, project } = stack;
  const labels = environmentLabels(project, owner);
  const volumes = services.flatMap(({ volume }) => (volume === undefined ? [] : [volume.name]));
  // no `version`: compose 2 warns about it, and docker-compose has needed none since 1.27
  const content = {
    services: Object.fromEntries(
      services.map((service) => [service.name, composeService(service, stack, labels)]),
    ),
    networks: { [network]: { labels } },
    ...(volumes.length === 0
      ? {}
      : { volumes: Object.fromEntries(volumes.map((volume) => [volume, { labels }])) }),
  };
  const document = new Document(content, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  document.commentBefore = preface.replaceAll('PROJECT', project);
  return document.toString({ lineWidth: 0 });
}

function composeService(service: Service, { network }: Stack, labels: Labels): object {
  const { command, environment, port, volume, health } = service;
  return {
    image: service.image,
    restart: service.restart,
    ...(command === undefined ? {} : { command: command.map(literal) }),
    ...(Object.keys(environment).length === 0
      ? {}
      : {
          environment: Object.fromEntries(
            Object.entries(environment).map(([name, value]) => [name, literal(value)]),
          ),
        }),
    ports: [`127.0.0.1:${port.outside}:${port.inside}`],
    ...(volume === undefined ? {} : { volumes: [`${volume.name}:${volume.target}`] }),
    networks: [network],
    healthcheck: {
      test: health.test.map(literal),
      interval: duration(health.interval),
      timeout: duration(health.timeout),
      retries: health.retries,
    },
    labels,
  };
}

/** Compose reads `$` as the beginning of a variable. */
const literal = (text: string): string => text.replaceAll('$', '$$$$');

const duration = (seconds: number): string => `${Math.round(seconds * 1000)}ms`;
