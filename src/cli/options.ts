// Every option: its words on the command line. Its variable and its key in the config file follow from its name.

/** Where an option stands in the help of its command. */
export type OptionGroup = 'What' | 'Where' | 'How';

export interface OptionWords {
  /** `-e` */
  readonly short?: string;
  /** What its value is called in the help; an option without one is a switch. */
  readonly value?: string;
  readonly about: string;
  readonly group: OptionGroup;
  /** May have several values. */
  readonly many?: true;
  /** May be given several times, each time with one value. */
  readonly repeats?: true;
}

export const options = {
  environment: {
    short: '-e',
    value: 'id',
    about: 'name of the environment, as in dev2109',
    group: 'What',
  },
  release: { value: 'release', about: 'release of Backend.AI: 21.09 or 2109', group: 'What' },
  'python-version': { value: 'version', about: 'Python to use, as in 3.9 or 3.9.18', group: 'What' },
  engine: {
    value: 'engine',
    about: 'what runs PostgreSQL, Redis and etcd: docker, native or auto',
    group: 'What',
  },
  source: {
    value: 'source',
    about: 'where the trees come from: git, pypi or auto; agent=pypi is for one of them',
    group: 'What',
    repeats: true,
  },
  'server-branch': {
    value: 'branch',
    about: 'branch of all repositories but that of the client',
    group: 'What',
  },
  'client-branch': { value: 'branch', about: 'branch of client-py', group: 'What' },
  ref: {
    value: 'component=ref',
    about: 'branch, tag or commit of one component',
    group: 'What',
    repeats: true,
  },
  'enable-cuda': { about: "the agent's CUDA plugin, for NVIDIA GPUs", group: 'What' },
  'enable-cuda-mock': { about: 'a plugin that makes GPUs up, for machines without any', group: 'What' },
  'no-cuda': { about: 'no plugin for GPUs, also where variables or the file ask for one', group: 'What' },
  'cuda-branch': {
    value: 'branch',
    about: 'branch of the plugin; mock means --enable-cuda-mock',
    group: 'What',
  },
  'no-kernel-images': { about: 'pull no images of kernels', group: 'What' },
  'download-big-images': { about: 'pull the images of kernels for GPUs as well', group: 'What' },
  'install-path': { value: 'folder', about: 'folder of the environment', group: 'Where' },
  repositories: {
    value: 'place',
    about: 'address or folder that holds the repositories',
    group: 'Where',
  },
  repository: {
    value: 'component=place',
    about: 'address or folder of one repository',
    group: 'Where',
    repeats: true,
  },
  index: { value: 'url', about: 'package index that pip and uv can read', group: 'Where' },
  ports: { value: 'base', about: 'take a block of 200 ports that begins here', group: 'Where' },
  'postgres-port': { value: 'port', about: 'port of PostgreSQL', group: 'Where' },
  'redis-port': { value: 'port', about: 'port of Redis', group: 'Where' },
  'etcd-port': { value: 'port', about: 'port of etcd', group: 'Where' },
  'manager-port': { value: 'port', about: 'port of the manager', group: 'Where' },
  'webserver-port': { value: 'port', about: 'port of the webserver', group: 'Where' },
  'agent-rpc-port': { value: 'port', about: 'port on which the agent hears the manager', group: 'Where' },
  'agent-watcher-port': { value: 'port', about: "port of the agent's watcher", group: 'Where' },
  as: {
    value: 'account',
    about: 'Example account that the client uses (default: the administrator)',
    group: 'What',
  },
  only: { value: 'name', about: 'only these daemons', group: 'What', many: true },
  'halfstack-only': { about: 'only PostgreSQL, Redis and etcd', group: 'What' },
  all: { about: 'every environment of yours', group: 'What' },
  'skip-containers': { about: 'keep the halfstack with its data', group: 'What' },
  'skip-venvs': { about: 'keep the virtualenvs', group: 'What' },
  'skip-source': { about: 'keep the source trees', group: 'What' },
  'no-snapshot': { about: 'do not save the data first', group: 'What' },
  keep: {
    value: 'count',
    about: 'how many of the newest snapshots of each environment stay; 3 by default',
    group: 'What',
  },
  into: { value: 'id', about: 'another environment, which keeps its own ports and secrets', group: 'Where' },
  lines: {
    short: '-n',
    value: 'count',
    about: 'how many of the last lines of each; 100 by default',
    group: 'What',
  },
  quiet: { short: '-q', about: 'only the IDs, one a line', group: 'How' },
  follow: { short: '-f', about: 'go on with what is added', group: 'How' },
  start: { about: 'start the daemons afterwards', group: 'How' },
  tmux: { about: 'each daemon in a window of a tmux session named after the environment', group: 'How' },
  force: { about: 'also where a check would refuse', group: 'How' },
  timeout: {
    value: 'seconds',
    about: 'how long each daemon may take to get ready; 120 by default',
    group: 'How',
  },
  yes: { about: 'agree to the plan beforehand', group: 'How' },
  change: { about: 'make an environment that is there into what the other options say', group: 'How' },
  'adopt-data': {
    about: "keep a database and etcd that hold data without bai-dev's mark as they are, and mark them",
    group: 'How',
  },
  'dry-run': { about: 'show the plan and write nothing', group: 'How' },
  json: { about: 'one JSON object per line on stdout', group: 'How' },
  verbose: { about: 'tell every step and command', group: 'How' },
  'no-color': { about: 'no colours', group: 'How' },
} as const satisfies Record<string, OptionWords>;

export type OptionName = keyof typeof options;

export const optionNames = Object.keys(options) as OptionName[];

/** `--install-path`, for sentences. */
export const flagOf = (name: OptionName): string => `--${name}`;

/** `BAI_DEV_INSTALL_PATH` */
export const variableOf = (name: OptionName): string => `BAI_DEV_${name.toUpperCase().replaceAll('-', '_')}`;

/** An option's words with every field they may have. */
export function optionWords(name: OptionName): OptionWords {
  return options[name];
}
