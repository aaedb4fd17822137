// Ports that were asked for may not serve two.
import { describe, expect, it } from 'vitest';
import { portWish } from '../../src/cli/ports.ts';

describe('portWish', () => {
  it('is empty where nothing was said', () => {
    expect(portWish({}, 'BAI-USAGE')).toEqual({ single: {} });
  });

  it('keeps base and single ports', () => {
    const said = { ports: 12000, 'postgres-port': 5432, 'agent-watcher-port': 6019 };
    expect(portWish(said, 'BAI-USAGE')).toEqual({
      base: 12000,
      single: { postgres: 5432, agentWatcher: 6019 },
    });
  });

  it('lets single ports change places inside a block', () => {
    const said = { ports: 12000, 'postgres-port': 12001, 'redis-port': 12000 };
    expect(portWish(said, 'BAI-USAGE').single).toEqual({ postgres: 12001, redis: 12000 });
  });

  it.each([
    [
      { 'postgres-port': 9000, 'redis-port': 9000 },
      '--postgres-port and --redis-port both say 9000; each needs a port of its own.',
    ],
    [
      { ports: 12000, 'postgres-port': 12001 },
      '--postgres-port says 12001, which the block of --ports 12000 gives to redis.',
    ],
    [
      { ports: 12000, 'manager-port': 12100 },
      '--manager-port says 12100, which the block of --ports 12000 gives to the kernels.',
    ],
  ])('refuses %j', (said, words) => {
    expect(() => portWish(said, 'BAI-CONFIG')).toThrow(
      expect.objectContaining({ code: 'BAI-CONFIG', message: words }) as Error,
    );
  });
});
