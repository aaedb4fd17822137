// A lock that all users of a machine share: a name in the kernel, which a process that ends gives back, whatever ends it.
import { createServer } from 'node:net';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `act` while nobody else on this machine does so under that name. Waits so many seconds for others, and then
 * goes on without it: nobody can keep everybody from working. Only Linux has such names; elsewhere nothing is waited
 * for.
 */
export async function aloneOnMachine<T>(name: string, seconds: number, act: () => Promise<T>): Promise<T> {
  const release = platform() === 'linux' ? await taken(name, performance.now() + seconds * 1000) : undefined;
  try {
    return await act();
  } finally {
    await release?.();
  }
}

async function taken(name: string, until: number): Promise<(() => Promise<void>) | undefined> {
  for (;;) {
    const server = createServer();
    const isBound = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      // a name that begins with this character is none in the file system
      server.listen({ path: `\0${name}` }, () => resolve(true));
    });
    if (isBound) return () => new Promise((resolve) => server.close(() => resolve()));
    if (performance.now() > until) return undefined;
    await sleep(20 + Math.random() * 60);
  }
}
