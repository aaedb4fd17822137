// A record of an environment of some release, for tests that do not care which.
import { parseId } from '../../src/environment/id.ts';
import { upstreamPorts, type Ports } from '../../src/environment/ports.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import { findRelease, loadCatalogue } from '../../src/release/catalogue.ts';
import { repository } from '../rig/world.ts';

export const sampleRelease = findRelease(await loadCatalogue(repository), '21.03');

export interface SampleChoice {
  readonly ports?: Ports;
  readonly base?: number;
  readonly installPath?: string;
}

export function sampleRecord(id = 'sample', choice: SampleChoice = {}): EnvironmentRecord {
  const { ports = upstreamPorts, base = 0, installPath = `/nowhere/${id}` } = choice;
  return {
    schema: 1,
    version: '0.0.0',
    createdAt: '2099-03-01T00:00:00.000Z',
    spec: {
      id: parseId(id),
      installPath,
      release: sampleRelease,
      trees: {},
      python: { version: '3.9.18', path: '/usr/bin/python3' },
      accelerator: { kind: 'none' },
      engine: 'docker',
      engineAddress: 'unix:///var/run/docker.sock',
      portBase: base,
      ports,
      images: {},
      kernelImages: [],
      index: 'https://example.test/simple',
    },
    phase: 'installing',
    marks: {},
    resources: [{ kind: 'lease', base }],
    secrets: {
      databasePassword: 'd'.repeat(16),
      redisPassword: 'r'.repeat(16),
      storageManagerKey: 'k'.repeat(16),
      storageSecret: 's'.repeat(16),
      certificate: 'certificate',
      certificateKey: 'key',
    },
  };
}
