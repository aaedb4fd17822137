// The environment variables of every child process: the user's, without those that would make it another program.
import type { Variables } from './proxy.ts';

/**
 * `own`: what bai-dev runs for itself, which must do the same on every machine. `user`: a command of the user's in a
 * component, which keeps what they set but for what would make the component another one.
 */
export type Purpose = 'own' | 'user';

/** By these, Python would take other modules, and a component other servers than those of its settings. */
const replacing = /^(PYTHONHOME|PYTHONPATH|PYTHONSTARTUP|PYENV_VERSION|BACKEND_\w*)$/;

/**
 * The same for programs that bai-dev runs: other libraries, interpreters and virtualenvs; settings of clients and
 * servers of the halfstack; modes of Node's and others' libraries that print what they send.
 */
const steering =
  /^(LD_\w+|DYLD_\w+|PYTHON\w*|VIRTUAL_ENV\w*|CONDA_\w*|NODE_(ENV|OPTIONS|DEBUG|PATH)|DEBUG|PG[A-Z]+|ETCD\w*|REDIS\w*|GIT_\w+|GREP_OPTIONS|BASH_ENV|ENV)$/;

/** How git reaches a repository is the user's to say; what it takes for one is not. */
const reaching = /^GIT_(SSH|SSL|HTTP|PROXY|CONFIG|CURL|LFS|EXEC_PATH|ALLOW_PROTOCOL)\w*$/;

/** Variables that libraries in this very process would obey, among them one that prints passwords to stderr. */
export const isForLibraries = (name: string): boolean =>
  /^(DEBUG(_\w+)?|NODE_ENV|PG[A-Z]+|DOCKER_\w+|GIT_\w+)$/.test(name);

/** The names among these variables that a child of that purpose does not get. */
export function withheldFrom(variables: Variables, purpose: Purpose): string[] {
  return Object.keys(variables).filter(
    (name) => replacing.test(name) || (purpose === 'own' && steering.test(name) && !reaching.test(name)),
  );
}

/** What a child gets: without what is withheld, and never asking a proxy for a server of this machine. */
export function childVariables(variables: Variables, purpose: Purpose): Record<string, string | undefined> {
  const withheld = new Set(withheldFrom(variables, purpose));
  return {
    ...Object.fromEntries(Object.entries(variables).filter(([name]) => !withheld.has(name))),
    ...withoutProxyHere(variables),
  };
}

/** Everything of an environment listens here; some programs read one spelling, some the other. */
const here = ['localhost', '127.0.0.1', '::1'];

/** `no_proxy` with this machine in it; nothing where no proxy is set. */
export function withoutProxyHere(variables: Variables): Record<string, string> {
  if (!Object.keys(variables).some((name) => /^(https?|all|grpc|ftp)_proxy$/i.test(name))) return {};
  // programs differ in which of the two wins, so both say the same
  const said = [variables['no_proxy'], variables['NO_PROXY']].flatMap((list) => list?.split(/[\s,]+/) ?? []);
  const list = [...new Set([...said.filter((entry) => entry !== ''), ...here])].join(',');
  return { no_proxy: list, NO_PROXY: list };
}
