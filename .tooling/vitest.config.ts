// The test runner's configuration. Real components take minutes, so limits are set by the tests themselves.
import { defineConfig } from 'vitest/config';

/** Those that start real agents: these share a Docker engine and `/tmp/backend.ai`, so each of these files runs alone. */
const agents = ['2009', '2103', '2109', 'daemons'].map((name) => `test/real/${name}.test.ts`);

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'all but agents',
          include: ['test/**/*.test.ts'],
          exclude: agents,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'agents', include: agents, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
