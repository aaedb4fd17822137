// The real Backend.AI 20.09 from PyPI: what is particular to it is data.
import { afterAll, beforeAll, describe } from 'vitest';
import { requires } from '../rig/require.ts';
import { checkRelease } from './checks.ts';
import { openRelease, type RealRelease } from './environment.ts';

const needed = requires('docker', 'network', 'pyenv');

describe.skipIf(needed.skip)(needed.title('20.09 for real'), { timeout: 120_000 }, () => {
  let release: RealRelease;
  beforeAll(() => {
    release = openRelease('20.09');
  });
  afterAll(() => release.close());

  describe('on Docker', () => {
    checkRelease({ opened: () => release, version: '20.09.29', agent: true });
  });
});
