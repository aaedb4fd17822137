// What of the user's git configuration counts when a repository elsewhere is asked: how it is reached, nothing else.
import { git, type Setting } from '../host/git.ts';
import type { World } from '../world.ts';

/** Sections and keys about proxies, certificates, logins, ssh and other addresses for the same repository. */
const aboutReaching = [
  /^(credential|http|https|url|ssh|protocol|lfs)\./,
  /^core\.(sshcommand|askpass|gitproxy)$/,
  /^safe\.directory$/,
  /^remote\..*\.(proxy|proxyauthmethod)$/,
];

/** Variables of git's that say how a repository is reached. All others could make another result. */
const variablesAboutReaching =
  /^GIT_(SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|HTTP_.*|PROXY_.*|ALLOW_PROTOCOL|CURL_VERBOSE)$/;

/**
 * The settings about reaching repositories that hold in a folder, in git's own order: those of the machine, of the
 * user, of the repository there if there is one, and of variables.
 */
export async function reachSettings(world: World, folder: string): Promise<Setting[]> {
  const { GIT_CONFIG_COUNT: count, ...variables } = world.host.variables;
  const said = Object.entries(variables).filter(([name]) => /^GIT_CONFIG(_|$)/.test(name));
  const listed = await git(world, {
    folder,
    args: ['config', '--list', '--null'],
    variables: {
      ...(Object.fromEntries(said.filter(([, value]) => value !== undefined)) as Record<string, string>),
      ...(count === undefined ? {} : { GIT_CONFIG_COUNT: count }),
    },
    configured: true,
  });
  return listed.split('\0').flatMap((entry): Setting[] => {
    const [key = '', ...value] = entry.split('\n');
    // a key without "=" means true
    const setting: Setting = [key, entry.includes('\n') ? value.join('\n') : 'true'];
    return aboutReaching.some((pattern) => pattern.test(key)) ? [setting] : [];
  });
}

/** For a child process: takes away those of the user's GIT_ variables that are not about reaching repositories. */
export function withoutOtherVariables({ host }: World): Record<string, undefined> {
  const names = Object.keys(host.variables).filter((name) => name.startsWith('GIT_'));
  return Object.fromEntries(
    names.filter((name) => !variablesAboutReaching.test(name)).map((name) => [name, undefined]),
  );
}
