// Secrets of an environment in lines of logs.
import { expect, it } from 'vitest';
import { secretsMasked } from '../../src/environment/masked.ts';
import { makeSecrets } from '../../src/environment/secrets.ts';
import { sandbox } from '../rig/world.ts';

it('hides every password and key, in settings, URLs and over several lines', async () => {
  const box = sandbox();
  const secrets = await makeSecrets(box.world);
  box.remove();
  const mask = secretsMasked(secrets);
  const { certificateKey, databasePassword, redisPassword, storageManagerKey, storageSecret } = secrets;
  const words = [databasePassword, redisPassword, storageManagerKey, storageSecret];
  const keyLines = certificateKey.split('\n').filter((line) => /^[^-]/.test(line));
  const log = [
    `'password': '${databasePassword}', redis://:${redisPassword}@127.0.0.1`,
    `secret=${storageSecret} key=${storageManagerKey}`,
    JSON.stringify(secrets),
    ...keyLines,
  ].map(mask);
  for (const secret of [...words, ...keyLines]) expect(log.join('\n')).not.toContain(secret);
  expect(mask('INFO started on 8081')).toBe('INFO started on 8081');
});
