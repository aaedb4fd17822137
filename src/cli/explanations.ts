// What `bai-dev explain` says of each code: the usual causes and the ways out.
import type { FailureCode } from '../failure.ts';

/** Two or three sentences for every code. Commands in them are complete but for the ID. */
export const explanations: Readonly<Record<FailureCode, string>> = {
  'BAI-INTERNAL':
    'bai-dev met a case that it does not handle. Run the command again with --verbose to see where, and report it with the log that the message names. Nothing that was done so far is lost: the same command continues.',
  'BAI-CATALOGUE':
    'A file below templates/releases cannot be read or contradicts itself; the message names file and line. If you edited it, undo that with git; otherwise reinstall bai-dev.',
  'BAI-USAGE':
    'An option, an ID or a name is misspelled, missing or contradicts another one; the message says which. "bai-dev COMMAND --help" lists what the command accepts. Nothing has been changed.',
  'BAI-CONFIG':
    'A BAI_DEV_* variable or a line of ~/.config/bai-dev/config.yaml holds a value that is not valid; the message names it. Correct it, or override it for one command with the option of the same name.',
  'BAI-RELEASE-UNKNOWN':
    'The release that was named is not in the catalogue. "bai-dev releases" lists what can be installed; both 21.09 and 2109 are understood. For a branch of your own, name the release that it comes from with --release.',
  'BAI-QUESTION':
    'The command needs an answer or a confirmation, and standard input or error is no terminal (or --json or CI is set). Pass --yes to confirm beforehand, or the option that the message names.',
  'BAI-DECLINED':
    'You answered a question with no, so nothing has been changed. The exit status is 2, so that a script stops here. Run the command again to be asked again, or with --yes to confirm beforehand.',
  'BAI-PRECHECK':
    'The checks before an install found something that would make it fail, such as a missing Python, a port in use, too little disk space or a registry that does not answer. Each finding names its remedy; nothing has been written. Run the same command again afterwards.',
  'BAI-ENVIRONMENT-ABSENT':
    'No environment of that ID was installed by this user, or it was deleted. "bai-dev list" shows those that exist; "bai-dev install -e ID" makes a new one. Environments belong to one user: those of others are not seen.',
  'BAI-SNAPSHOT-ABSENT':
    'The environment has no snapshot of that name, or none at all. "bai-dev snapshot list" shows those that exist, also of environments that were deleted.',
  'BAI-CONFLICT-SPEC':
    'The environment exists, and what you asked for differs from how it was installed; the message lists the differences. Add --change to change it, choose another ID for a second environment, or leave the options out to continue as it is.',
  'BAI-CONFLICT-OWNER':
    'A folder, container, volume or virtualenv of that name exists and was not made by bai-dev, so it is left alone. Move it away, or choose another ID or --install-path.',
  'BAI-CONFLICT-DATA':
    'The database or etcd of the environment holds data, and the mark by which bai-dev knows its own work is missing: somebody restored a dump, or wrote there by hand. Nothing is overwritten. Keep it as it is with "bai-dev install -e ID --adopt-data", or start with fresh data with "bai-dev reset ID".',
  'BAI-CONFLICT-PHASE':
    'The environment is half installed, half deleted, or something of it was removed by hand. "bai-dev install -e ID" finishes or repairs it, and "bai-dev delete -e ID" finishes a removal.',
  'BAI-LOCKED':
    'Another bai-dev command is working on the same environment; the message names its process. Wait until it has ended. A lock whose process is gone is taken over automatically.',
  'BAI-OCCUPIED':
    'A port, a folder below /tmp or the Docker engine that a server needs is in use by another process, environment or user; the message says by whom. Stop that one, or move the environment: "bai-dev install -e ID --change --ports BASE".',
  'BAI-GIT-WORK':
    'A working copy holds commits, changes or files that exist nowhere else, and the command would remove or change them. Push or copy them first. --force saves them to ~/.local/state/bai-dev/rescued and goes on.',
  'BAI-USER-FILES':
    'Virtual folders hold files, e.g. uploads, and --no-snapshot would remove them unsaved; the message names them. Delete without --no-snapshot: the files are saved in a snapshot. --force together with --no-snapshot removes them for good.',
  'BAI-COMMAND':
    'A program that a step needs (git, uv, docker, a component of Backend.AI) ended with an error; its last lines are shown and the log holds all of them. Fix what it complains of and run the same command again: it continues at that step.',
  'BAI-FILESYSTEM':
    'A file or folder could not be read, written or removed: a full disk, missing permissions, a read-only mount, or files of another user. The message names the path and the reason of the system. Run the same command again afterwards.',
  'BAI-PYTHON-RESOLVE':
    "No set of package versions satisfies a component as of the release's date; the message shows what conflicts. Usual causes are an index that lacks packages or upload times, another Python than the release was made for, or requirements that a branch of yours changed.",
  'BAI-PYTHON-INSTALL':
    'A package could not be downloaded or built; the last lines say which. Packages without a wheel for this machine need a compiler and headers. Run the same command again: finished virtualenvs are kept.',
  'BAI-DATABASE':
    'PostgreSQL answered, but the schema or the example rows could not be written; the log holds its message. A branch with migrations of its own, or a database that was filled otherwise, is the usual cause. "bai-dev reset ID" starts with a fresh one.',
  'BAI-ETCD':
    'etcd answered, but keys could not be read or written as the release needs them, or others were found than were written. A full disk and a damaged data folder are the usual causes. "bai-dev logs ID etcd" shows its words, and "bai-dev reset ID" starts with a fresh one.',
  'BAI-LEFTOVERS':
    'Everything else was removed; the message names what could not be, with the reason of each. A process that still uses it, or files of another user, are the usual causes. Run "bai-dev delete -e ID" again once that is solved.',
  'BAI-UNSAVED':
    'delete saves the data and the files in virtual folders before it removes anything, and could not; nothing was removed. A full disk and an engine that does not answer are the usual causes. Fix that and run the same command again, or add --no-snapshot to delete without saving.',
  'BAI-ENGINE':
    'Docker, or a program that runs a server of the halfstack, refused or did not answer; the message holds its own words. Check that Docker runs and that this user may use it ("docker version"), then run the same command again.',
  'BAI-UNHEALTHY':
    'A server was started and did not answer in time, or it ended again; its last lines are shown. "bai-dev logs ID NAME" shows all that it wrote. A settings file that was edited, a port in use and too little memory are the usual causes; --timeout waits longer.',
  'BAI-SWITCH':
    'The environment that was switched to did not become healthy, so what ran before was started again; the message says whether that succeeded. Start the target alone to see its failure: "bai-dev start ID".',
  'BAI-NETWORK':
    'An address could not be reached: no connection, a proxy, a firewall, a name that is not resolved or a certificate that is not trusted. The message names the address and the reason. bai-dev obeys HTTPS_PROXY, NO_PROXY and NODE_EXTRA_CA_CERTS.',
  'BAI-SOURCE-REPOSITORY':
    'The address answers, but not as a git repository, or the repository is empty or incomplete. Check it with "git ls-remote ADDRESS", and name another one with --repository COMPONENT=ADDRESS or --repositories PLACE.',
  'BAI-SOURCE-ACCESS':
    'The repository does not exist or asks for credentials that git does not have. Set up an ssh key or a credential helper so that "git ls-remote ADDRESS" works, or take the component from PyPI: --source COMPONENT=pypi.',
  'BAI-SOURCE-REF':
    'The repository answers but has no branch, tag or commit of that name, or a short name means two of them. Names that are similar are proposed. "git ls-remote ADDRESS" lists all.',
  'BAI-SOURCE-TRANSFER':
    'The connection to a repository broke off or stopped while it was copied. Run the same command again: components that are complete are kept. For a slow line, copy the repository once and name the folder with --repositories.',
  'BAI-INDEX':
    "The package index answered, but not with what is needed: a file is missing, access is denied, or it gives no upload times, without which packages cannot be chosen as of the release's date. Name another one with --index.",
  'BAI-IMAGE':
    'An image could not be pulled: the registry is not reachable, refuses this machine, or limits its pulls. "docker pull IMAGE" shows the same error; "docker load" brings it from a file. Then run the same command again.',
  'BAI-HASH':
    'A download was complete but is not the file that the release names, so it was thrown away. A proxy that answers with a page of its own is the usual cause, a file that was changed at its source is the dangerous one. Run the same command again, or name another --index.',
  'BAI-RECORD-UNREADABLE':
    "The file that remembers what an environment consists of is damaged; the message names it and the line. Nothing is changed or removed without it. Restore it from a backup, or move it away and remove the environment's parts by hand.",
  'BAI-RECORD-NEWER':
    'The environment was made or changed by a newer bai-dev, whose record this one does not understand. Update bai-dev; the environment itself is not damaged.',
  'BAI-SNAPSHOT':
    'A file of the snapshot is missing or differs from what was saved, so it is not restored. Nothing has been changed. "bai-dev snapshot list" shows other snapshots.',
  'BAI-INTERRUPTED':
    'Ctrl-C or a signal ended the command. What it had finished is kept, and the same command continues there; nothing needs to be cleaned up first.',
};
