import { expect, test } from 'vitest';
import { blockPorts } from '../../src/environment/ports.ts';
import type { EnvironmentRecord } from '../../src/environment/record.ts';
import type { Release } from '../../src/release/release.ts';
import { endpointsOf, stackOf } from '../../src/halfstack/stack.ts';
import { sampleRecord } from '../environment/sample.ts';

const record = sampleRecord('dev', { ports: blockPorts(20600), base: 20600 });

function stack(change: (halfstack: Release['halfstack']) => Release['halfstack'] = (same) => same) {
  const { spec, secrets }: EnvironmentRecord = record;
  const release = { ...spec.release, halfstack: change(spec.release.halfstack) };
  return stackOf({ ...spec, release }, secrets);
}
const service = (role: string, made = stack()) => made.services.find((one) => one.role === role)!;

test('holes are filled with this environment’s secrets', () => {
  expect(service('postgres').environment).toMatchObject({
    POSTGRES_PASSWORD: record.secrets.databasePassword,
    POSTGRES_DB: record.spec.release.database.name,
  });
  expect(JSON.stringify(stack())).not.toContain('{{');
});

test('a hole that nothing fills is our mistake', () => {
  const broken = (halfstack: Release['halfstack']) => ({
    ...halfstack,
    etcd: { ...halfstack.etcd, environment: { A: '{{nothing}}' } },
  });
  expect(() => stack(broken)).toThrow('nothing');
});

test('Redis keeps its data, and has a password where the release takes one', () => {
  const redis = (password: boolean, command?: string[]) =>
    service(
      'redis',
      stack((halfstack) => ({
        ...halfstack,
        redis: { ...halfstack.redis, password, command },
      })),
    );
  const secret = record.secrets.redisPassword;
  expect(redis(true).command).toEqual(['redis-server', '--appendonly', 'yes', '--requirepass', secret]);
  expect(redis(true).environment).toEqual({ REDISCLI_AUTH: secret });
  expect(redis(false).command).toEqual(['redis-server', '--appendonly', 'yes']);
  expect(redis(false).environment).toEqual({});
  expect(redis(false, ['redis-server', '--save', '']).command).toEqual([
    ...['redis-server', '--save', '', '--appendonly', 'yes'],
  ]);
});

test('endpoints are on loopback, with the ports of the block', () => {
  expect(endpointsOf(record.spec, record.secrets)).toEqual({
    postgres: {
      host: '127.0.0.1',
      port: 20600,
      user: record.spec.release.database.user,
      password: record.secrets.databasePassword,
      database: record.spec.release.database.name,
    },
    redis: { host: '127.0.0.1', port: 20601, password: record.secrets.redisPassword },
    etcd: { url: 'http://127.0.0.1:20602' },
  });
});
