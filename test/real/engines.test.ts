// The contract of the engines, kept by each with real servers.
import { requires } from '../rig/require.ts';
import { engineContract } from '../halfstack/contract.ts';
import { nativeSubject } from '../halfstack/native.ts';
import { docker, realStack } from './stack.ts';

engineContract({ name: 'native', needed: requires('network'), make: () => nativeSubject() });

engineContract({
  name: 'docker',
  needed: requires('docker'),
  make: async () => {
    const real = await realStack();
    const containers = real.engine.resources(real.stack).filter(({ kind }) => kind === 'container');
    const nameOf = (role: string): string => {
      const at = real.stack.services.findIndex((service) => service.role === role);
      const container = containers[at];
      if (container?.kind !== 'container') throw new Error(`there is no container of ${role}`);
      return container.name;
    };
    return {
      ...real,
      remove: () => real.remove(),
      identity: (role) =>
        Promise.resolve(docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}}', nameOf(role))),
      kill: (role) => {
        docker('kill', nameOf(role));
        return Promise.resolve();
      },
    };
  },
});
