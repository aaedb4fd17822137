// The secrets of an environment: passwords, keys and a certificate, made once and kept in its record.
import 'reflect-metadata'; // @peculiar/x509 needs it to be loaded before itself
import { webcrypto } from 'node:crypto';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { World } from '../world.ts';
import type { Secrets } from './record.ts';

/** How long a certificate holds: an environment must not die of it, as upstream's bundled one did in 2021. */
const years = 10;

/**
 * Fresh secrets. They consist of hexadecimal digits, so that no URL, command line or configuration file needs to
 * quote them.
 */
export async function makeSecrets(world: Pick<World, 'random' | 'now'>): Promise<Secrets> {
  return {
    databasePassword: world.random(16),
    redisPassword: world.random(16),
    storageManagerKey: world.random(32),
    storageSecret: world.random(32),
    ...(await certificatePair(world)),
  };
}

/** A self-signed pair for the storage-proxy's manager-facing side, which only this machine reaches. */
async function certificatePair(
  world: Pick<World, 'random' | 'now'>,
): Promise<Pick<Secrets, 'certificate' | 'certificateKey'>> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const now = world.now();
  // a day early, so that a clock that is set back a little does not refuse it
  const notBefore = new Date(now.getTime() - 24 * 60 * 60 * 1000);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + years);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: `01${world.random(15)}`,
      name: [{ CN: ['localhost'] }],
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ]),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      ],
    },
    webcrypto,
  );
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    certificateKey: `${PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  };
}
