// The variables by which a client of Backend.AI talks to one environment, as one of its example accounts.
import type { Release } from '../release/release.ts';
import { loopback } from './values.ts';
import type { EnvironmentSpec } from './spec.ts';

export type Account = Release['accounts'][number];

/** What the generated `env-*-api.sh` files export: without them the client talks to upstream's production API. */
export const clientVariables = ({ ports }: Pick<EnvironmentSpec, 'ports'>, account: Account) => ({
  BACKEND_ENDPOINT: `http://${loopback}:${ports.manager}`,
  BACKEND_ENDPOINT_TYPE: 'api',
  BACKEND_ACCESS_KEY: account.accessKey,
  BACKEND_SECRET_KEY: account.secretKey,
});
