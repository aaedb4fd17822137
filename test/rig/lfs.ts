// Files that git keeps in LFS: a server as git-lfs knows it, with the batch API and the objects, and git-lfs itself.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { delimiter, join } from 'node:path';

export interface LargeFiles {
  /** What it has; with nothing and no refusal a server has no LFS at all. */
  readonly contents: string[];
  /** The status with which it answers that its quota is used up; `wait` tells to come back in an hour. */
  refusal: 403 | 429 | 'wait' | undefined;
  /** What it handed out, in order. */
  readonly served: string[];
}

interface Question {
  readonly url: URL;
  readonly content: Buffer;
  readonly response: ServerResponse;
}

const type = 'application/vnd.git-lfs+json';

/** Answers what is about large files; false if the question is another. */
export function answerLfs(files: LargeFiles, { url, content, response }: Question): boolean {
  if (files.contents.length === 0 && files.refusal === undefined) return false;
  const byOid = new Map(files.contents.map((one) => [createHash('sha256').update(one).digest('hex'), one]));
  if (url.pathname.startsWith('/lfs-objects/')) {
    const found = byOid.get(url.pathname.slice('/lfs-objects/'.length));
    if (found !== undefined) files.served.push(found);
    response.writeHead(found === undefined ? 404 : 200).end(found);
    return true;
  }
  if (!url.pathname.endsWith('.git/info/lfs/objects/batch')) return false;
  if (files.refusal !== undefined) {
    const message = 'This repository is over its data quota.';
    const status = files.refusal === 'wait' ? 429 : files.refusal;
    if (files.refusal === 'wait') response.setHeader('retry-after', '3600');
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify({ message }));
    return true;
  }
  const { objects } = JSON.parse(content.toString()) as { objects: readonly { oid: string; size: number }[] };
  const answers = objects.map(({ oid, size }) =>
    byOid.has(oid)
      ? { oid, size, actions: { download: { href: `${url.origin}/lfs-objects/${oid}` } } }
      : { oid, size, error: { code: 404, message: 'Object does not exist' } },
  );
  response
    .writeHead(200, { 'content-type': type })
    .end(JSON.stringify({ transfer: 'basic', objects: answers }));
  return true;
}

/** Where `.ci/git-lfs.sh` puts it: off the PATH, so that most tests are without it, as most machines are. */
const kept = '/usr/local/lib/bai-dev-ci/git-lfs';

/** The folder that git-lfs is in; undefined if this machine has none. */
export function gitLfsFolder(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), kept];
  return folders.find((folder) => existsSync(join(folder, 'git-lfs')));
}
