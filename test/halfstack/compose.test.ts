import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { composeText } from '../../src/halfstack/compose.ts';
import { stackOf } from '../../src/halfstack/stack.ts';
import { blockPorts } from '../../src/environment/ports.ts';
import { sampleRecord } from '../environment/sample.ts';

const record = sampleRecord('dev2103', { ports: blockPorts(20600), base: 20600 });
const stack = stackOf(record.spec, record.secrets);
const [database] = stack.services;

test('everything is published on loopback, with the environment’s own ports', () => {
  const { services } = parse(composeText(stack, 'owner')) as {
    services: Record<string, { ports: string[] }>;
  };
  const published = Object.values(services).flatMap(({ ports }) => ports);
  expect(published).toEqual(['127.0.0.1:20600:5432', '127.0.0.1:20601:6379', '127.0.0.1:20602:2379']);
});

test('a reader of YAML 1.1, as docker-compose 1.29 is one, reads the same', () => {
  const text = composeText(stack, 'owner');
  expect(text).not.toContain('- yes\n');
  expect(parse(text, { version: '1.1' })).toEqual(parse(text));
});

test('a dollar sign is no variable', () => {
  const service = { ...database!, environment: { PASSWORD: 'a$b${c}' } };
  const text = composeText({ ...stack, services: [service] }, 'owner');
  const { services } = parse(text) as { services: Record<string, { environment: Record<string, string> }> };
  expect(services[service.name]?.environment).toEqual({ PASSWORD: 'a$$b$${c}' });
});

test('the same stack gives the same text', () => {
  expect(composeText(stackOf(record.spec, record.secrets), 'owner')).toBe(composeText(stack, 'owner'));
});
