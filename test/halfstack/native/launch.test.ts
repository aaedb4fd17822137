// The arguments of containers, read as settings of servers.
import { expect, test } from 'vitest';
import { settingsIn } from '../../../src/halfstack/native/launch.ts';

const settings = (...command: string[]) => settingsIn({ command });

test('of postgres', () => {
  expect(settings('postgres', '-c', 'max_connections=256', '-c', "log_line_prefix=%t '%d' ")).toEqual([
    ['max_connections', '256'],
    ['log_line_prefix', "%t '%d' "],
  ]);
});

test('of redis', () => {
  expect(settings('redis-server', '--appendonly', 'yes', '--requirepass', 'a b=c')).toEqual([
    ['appendonly', 'yes'],
    ['requirepass', 'a b=c'],
  ]);
});

test('of etcd', () => {
  expect(
    settings('/usr/local/bin/etcd', '--enable-v2=true', '--listen-client-urls=http://0.0.0.0:2379'),
  ).toEqual([
    ['enable-v2', 'true'],
    ['listen-client-urls', 'http://0.0.0.0:2379'],
  ]);
});

test('a service without arguments has none', () => {
  expect(settingsIn({})).toEqual([]);
});
