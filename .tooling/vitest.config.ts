// The test runner's configuration. Real components take minutes, so limits are set by the tests themselves.
import { defineConfig } from 'vitest/config';

/** Tests of real components: agents share a Docker engine and `/tmp/backend.ai`, so these files run alone. */
const real = 'test/real/**/*.test.ts';

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
          name: 'parts and flows',
          include: ['test/**/*.test.ts'],
          exclude: [real],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'real', include: [real], maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
