// A package index of our own: real HTTP, PEP 691 with upload times and PEP 503, and faults on demand.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file on the index. */
export interface Distribution {
  readonly project: string;
  readonly file: string;
  readonly content: Buffer;
  /** ISO 8601. */
  readonly uploaded: string;
}

export type Fault =
  | 'none'
  /** Files are there, but nobody says since when. */
  | 'no-upload-times'
  /** Everything is answered with 500. */
  | 'errors'
  /** Connections are taken and never answered. */
  | 'stalls'
  /** Files stop in their midst and nothing more comes. */
  | 'stalls-midway'
  /** Connections end in the midst of a file. */
  | 'resets-midway'
  /** Files have the right length and another content. */
  | 'wrong-content'
  /** As in a hotel: 200 and a page, whatever is asked. */
  | 'login-page'
  /** Every connection is closed at once. */
  | 'closed';

export interface Index {
  /** What `--index` wants. */
  readonly url: string;
  /** May be set at any time. */
  fault: Fault;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  add(...distributions: readonly Distribution[]): void;
  close(): Promise<void>;
}

export interface IndexOptions {
  readonly distributions?: readonly Distribution[];
  /** Projects that are served from PyPI (and kept between tests), e.g. uv itself. */
  readonly forward?: readonly string[];
}

const json = 'application/vnd.pypi.simple.v1+json';
const kept = join(tmpdir(), 'bai-dev-rig-downloads');

export async function startIndex(options: IndexOptions = {}): Promise<Index> {
  const projects = new Map<string, Distribution[]>();
  const state: { fault: Fault } = { fault: 'none' };
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response).catch((error: unknown) => {
      response.writeHead(502).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const add = (...distributions: readonly Distribution[]): void => {
    for (const one of distributions) {
      const name = normal(one.project);
      projects.set(name, [...(projects.get(name) ?? []), one]);
    }
  };
  add(...(options.distributions ?? []));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (state.fault === 'closed') return void request.socket.destroy();
    if (state.fault === 'stalls') return;
    if (state.fault === 'errors') return void response.writeHead(500).end('out of order');
    if (state.fault === 'login-page') {
      response.writeHead(200, { 'content-type': 'text/html' });
      return void response.end('<html><title>Welcome</title><form>Room number <input></form></html>');
    }
    const [kind, name = '', file = ''] = decodeURIComponent(new URL(request.url ?? '/', origin).pathname)
      .split('/')
      .filter((part) => part !== '');
    const forwarded = (options.forward ?? []).map(normal).includes(normal(name));
    if (kind === 'simple' && name === '') {
      list(response, [...projects.keys()]);
      return;
    }
    if (kind === 'simple' && forwarded) {
      page(request, response, await forwardedPage(name, origin));
      return;
    }
    const found = projects.get(normal(name));
    if (kind === 'simple' && found !== undefined) {
      page(request, response, projectPage(normal(name), found, origin));
      return;
    }
    const content = forwarded
      ? await forwardedFile(name, file)
      : found?.find((one) => one.file === file)?.content;
    if (kind === 'files' && content !== undefined) {
      send(request, response, content);
      return;
    }
    response.writeHead(404).end('no such project or file');
  }

  function page(request: IncomingMessage, response: ServerResponse, project: ProjectPage): void {
    const shown = state.fault === 'no-upload-times' ? withoutTimes(project) : project;
    if ((request.headers.accept ?? '').includes(json)) {
      response.writeHead(200, { 'content-type': json }).end(JSON.stringify(shown));
      return;
    }
    const links = shown.files.map(
      ({ url, filename, hashes }) => `<a href="${url}#sha256=${hashes.sha256}">${filename}</a><br>`,
    );
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!DOCTYPE html>\n${links.join('\n')}\n`);
  }

  function send(request: IncomingMessage, response: ServerResponse, content: Buffer): void {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const wanted = from < content.length ? content.subarray(from) : content;
    const headers = { 'content-type': 'application/octet-stream', 'content-length': wanted.length };
    const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
    const partial = wanted.length < content.length;
    response.writeHead(partial ? 206 : 200, partial ? { ...headers, ...range } : headers);
    if (request.method === 'HEAD') return void response.end();
    if (state.fault === 'wrong-content') return void response.end(Buffer.from(wanted).fill(0));
    if (state.fault === 'stalls-midway' || state.fault === 'resets-midway') {
      const ends = state.fault === 'resets-midway';
      response.write(wanted.subarray(0, Math.ceil(wanted.length / 2)), () => {
        if (ends) setTimeout(() => request.socket.destroy(), 20);
      });
      return;
    }
    response.end(wanted);
  }

  return {
    url: `${origin}/simple`,
    get fault() {
      return state.fault;
    },
    set fault(fault) {
      state.fault = fault;
    },
    requests,
    add,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface ProjectPage {
  readonly meta: { readonly 'api-version': string };
  readonly name: string;
  readonly versions?: readonly string[];
  readonly files: readonly {
    readonly filename: string;
    readonly url: string;
    readonly hashes: { readonly sha256: string };
    readonly size: number;
    readonly 'upload-time'?: string;
  }[];
}

function projectPage(name: string, found: readonly Distribution[], origin: string): ProjectPage {
  return {
    meta: { 'api-version': '1.1' },
    name,
    files: found.map(({ file, content, uploaded }) => ({
      filename: file,
      url: `${origin}/files/${name}/${file}`,
      hashes: { sha256: createHash('sha256').update(content).digest('hex') },
      size: content.length,
      'upload-time': uploaded,
    })),
  };
}

function withoutTimes(project: ProjectPage): ProjectPage {
  return {
    ...project,
    meta: { 'api-version': '1.0' },
    files: project.files.map(({ filename, url, hashes, size }) => ({ filename, url, hashes, size })),
  };
}

const upstream = new Map<string, Promise<ProjectPage>>();

function pypiPage(project: string): Promise<ProjectPage> {
  const known = upstream.get(project);
  if (known !== undefined) return known;
  const asked = fetch(`https://pypi.org/simple/${normal(project)}/`, { headers: { accept: json } }).then(
    async (answer) => {
      if (!answer.ok) throw new Error(`PyPI answers ${answer.status} for ${project}`);
      return (await answer.json()) as ProjectPage;
    },
  );
  upstream.set(project, asked);
  return asked;
}

async function forwardedPage(project: string, origin: string): Promise<ProjectPage> {
  const page = await pypiPage(project);
  const files = page.files.map((one) => ({
    ...one,
    url: `${origin}/files/${normal(project)}/${one.filename}`,
  }));
  return { meta: { 'api-version': '1.1' }, name: page.name, files };
}

/** The file as PyPI has it, from an earlier test where there was one. */
async function forwardedFile(project: string, file: string): Promise<Buffer | undefined> {
  const found = (await pypiPage(project)).files.find((one) => one.filename === file);
  if (found === undefined) return undefined;
  const path = join(kept, found.hashes.sha256);
  if (existsSync(path)) return readFileSync(path);
  const content = Buffer.from(await (await fetch(found.url)).arrayBuffer());
  mkdirSync(kept, { recursive: true });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, content);
  renameSync(beside, path);
  return content;
}

function list(response: ServerResponse, names: readonly string[]): void {
  const projects = names.map((name) => ({ name }));
  const body = JSON.stringify({ meta: { 'api-version': '1.1' }, projects });
  response.writeHead(200, { 'content-type': json }).end(body);
}

/** PEP 503: how a project's name stands in an address. */
function normal(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
