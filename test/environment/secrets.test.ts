import { X509Certificate } from 'node:crypto';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { secretsSchema } from '../../src/environment/record.ts';
import { makeSecrets } from '../../src/environment/secrets.ts';
import { sandbox } from '../rig/world.ts';

const box = sandbox();
const { world } = box;
box.remove();

describe('makeSecrets', () => {
  it('makes what a record can hold, other each time', async () => {
    const [one, other] = [await makeSecrets(world), await makeSecrets(world)];
    expect(secretsSchema.parse(one)).toEqual(one);
    const values = [...Object.values(one), ...Object.values(other)];
    expect(new Set(values).size).toBe(values.length);
  });

  it('makes secrets that need no quotes anywhere', async () => {
    const { certificate, certificateKey, ...plain } = await makeSecrets(world);
    for (const value of Object.values(plain)) expect(value).toMatch(/^[0-9a-f]{32,}$/);
    expect(certificate).toMatch(/^-----BEGIN CERTIFICATE-----\n[^]*-----END CERTIFICATE-----\n$/);
    expect(certificateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n[^]*-----END PRIVATE KEY-----\n$/);
  });

  it('makes a certificate that holds for ten years, on this machine only', async () => {
    const { certificate } = await makeSecrets({ ...world, now: () => new Date('2026-03-01T12:00:00Z') });
    const parsed = new X509Certificate(certificate);
    expect(new Date(parsed.validFrom).toISOString()).toBe('2026-02-28T12:00:00.000Z');
    expect(new Date(parsed.validTo).toISOString()).toBe('2036-03-01T12:00:00.000Z');
    expect(parsed.checkHost('localhost')).toBe('localhost');
    expect(parsed.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(parsed.checkHost('example.com')).toBeUndefined();
  });

  it('makes a pair that a server can use and a client can trust', async () => {
    const { certificate, certificateKey } = await makeSecrets(world);
    const server = createServer({ cert: certificate, key: certificateKey }, (_question, answer) =>
      answer.end('yes'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const status = await new Promise<number | undefined>((resolve, reject) => {
        request({ host: '127.0.0.1', port, ca: certificate, agent: false }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(status).toBe(200);
    } finally {
      server.close();
    }
  });
});
