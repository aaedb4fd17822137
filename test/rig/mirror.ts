// A mirror of python-build-standalone: real HTTP, and one real build in its layout, made out of this machine's Python.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { realPython } from '../python/real.ts';

export interface Mirror {
  /** What UV_PYTHON_INSTALL_MIRROR wants. */
  readonly url: string;
  readonly version: string;
  /** What `templates/python.json` says where this build is the pinned one. */
  readonly pins: string;
  /** Methods and paths that were asked for, in order. */
  readonly requests: string[];
  /** The build's own path below the address. */
  readonly path: string;
  /** May be set at any time: what is served in place of the build. */
  instead: 'nothing' | 'another' | undefined;
  close(): Promise<void>;
}

const release = '20990101';

export async function startMirror(): Promise<Mirror> {
  const { version, content } = buildOf();
  const file = `cpython-${version}+${release}-standin.tar.gz`;
  const path = `/${release}/${encodeURIComponent(file)}`;
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    if (request.url !== path || mirror.instead === 'nothing') return void response.writeHead(404).end();
    const body = mirror.instead === 'another' ? Buffer.concat([content, Buffer.from('x')]) : content;
    response.writeHead(200, { 'content-length': body.length }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sha256 = createHash('sha256').update(content).digest('hex');
  const files = Object.fromEntries(
    ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].map((platform) => [
      platform,
      { file, sha256 },
    ]),
  );
  const mirror: Mirror = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    version,
    pins: JSON.stringify({
      address: 'http://127.0.0.1:1/nobody',
      builds: [{ version, release, files }],
    }),
    requests,
    path,
    instead: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return mirror;
}

/** Everything lies under `python/`; Python finds its library by where its program lies. */
function buildOf(): { version: string; content: Buffer } {
  const { version, path } = realPython();
  const minor = version.split('.').slice(0, 2).join('.');
  const library = `lib/python${minor}`;
  const unneeded = ['test', 'site-packages/*', 'config-*', 'idlelib', 'tkinter', 'lib2to3', 'ensurepip'];
  const folder = mkdtempSync(join(tmpdir(), 'bai-dev-mirror-'));
  const archive = join(folder, 'build.tar.gz');
  try {
    execFileSync('tar', [
      ...['--create', '--file', archive, '--use-compress-program', 'gzip -1', '--transform', 's,^,python/,'],
      ...['--exclude', '__pycache__', ...unneeded.flatMap((name) => ['--exclude', `${library}/${name}`])],
      ...['--directory', dirname(dirname(path)), `bin/python${minor}`, library, `include/python${minor}`],
    ]);
    return { version, content: readFileSync(archive) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
