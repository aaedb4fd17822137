// The real Backend.AI 21.09 from PyPI, on a real Docker engine.
import { afterAll, beforeAll, describe } from 'vitest';
import { requires } from '../rig/require.ts';
import { checkRelease } from './checks.ts';
import { openRelease, type RealRelease } from './environment.ts';

const needed = requires('docker', 'network', 'pyenv');

describe.skipIf(needed.skip)(needed.title('21.09 for real'), { timeout: 120_000 }, () => {
  let release: RealRelease;
  beforeAll(() => {
    release = openRelease('21.09');
  });
  afterAll(() => release.close());
  checkRelease({ opened: () => release, version: '21.09.9', agent: false });
});
