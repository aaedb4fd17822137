// Is there a git that can make the repositories, and does it know who commits?
import { git, gitVersion } from '../host/git.ts';
import type { NextCommand } from '../failure.ts';
import type { Finding } from '../report/events.ts';
import type { World } from '../world.ts';
import type { Checked } from './draft.ts';

/** The first that can be told to read no configuration of the user's by a variable. */
const minimum = [2, 32] as const;

/** A missing identity is only a warning: our own first commits carry one of ours. */
export async function checkGit(world: World): Promise<Checked<never>> {
  const version = await gitVersion(world);
  const next = [installer(world)];
  if (version === undefined) {
    const reason = 'Every component is a git repository.';
    return { findings: [{ id: 'git.version', severity: 'blocker', title: 'No git', reason, next }] };
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < minimum[0] || (major === minimum[0] && minor < minimum[1])) {
    const title = `git ${version} is too old`;
    const reason = `${minimum.join('.')} or newer is needed.`;
    return { findings: [{ id: 'git.version', severity: 'blocker', title, reason, next }] };
  }
  return {
    findings: [{ id: 'git.version', severity: 'ok', title: `git ${version}` }, ...(await identity(world))],
  };
}

async function identity(world: World): Promise<Finding[]> {
  const said = await git(world, {
    folder: '/',
    args: ['config', '--get-regexp', '^user\\.(name|email)$'],
    allow: [1],
    configured: true,
  });
  const known = ['name', 'email'].filter((key) => new RegExp(`^user\\.${key} .`, 'm').test(said));
  if (known.length === 2) return [];
  return [
    {
      id: 'git.identity',
      severity: 'warning',
      title: 'git does not know your name and e-mail',
      reason: 'Commits of your own need them.',
      next: [
        { purpose: 'tell it', command: 'git config --global user.name "Your Name"' },
        { purpose: 'and', command: 'git config --global user.email you@example.com' },
      ],
    },
  ];
}

function installer({ host }: World): NextCommand {
  const command = host.platform === 'darwin' ? 'brew install git' : 'sudo apt-get install git';
  return { purpose: 'install a current git', command };
}
