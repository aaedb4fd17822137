// Bundles src/bin.ts into dist (or the folder that is named): split, so that a command loads only what it uses.
// Needs no network.
import { build } from 'esbuild';
import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Tests build into a folder of their own. */
const outdir = resolve(process.argv[2] ?? join(root, 'dist'));

/**
 * Packages whose parts of a library we never use: Docker over ssh, BuildKit sessions, libpq, the editor
 * prompt. They would weigh 0.8 MB and need a compiler (libraries.md section 3).
 */
const stubbed = [
  'ssh2',
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  'protobufjs',
  'cpu-features',
  'pg-native',
  '@inquirer/external-editor',
];

const stubs = {
  name: 'stubs',
  setup({ onResolve, onLoad }) {
    const names = new RegExp(`^(${stubbed.map((name) => name.replace('/', '\\/')).join('|')})$`);
    onResolve({ filter: names }, ({ path }) => ({ path, namespace: 'stub' }));
    // zod's messages in forty languages, of which we use our own words
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ path }) => ({ path, namespace: 'stub' }));
    onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: 'module.exports = {};', loader: 'js' }));
  },
};

// Packages in CommonJS ask for these three names, which an ES module does not have. Put only where they are asked for:
// they take as long as loading a small module does. The bundler does not see the banner, so its own names must be such
// as no source file has.
const wanting = /\b(require|__filename|__dirname)\b/;
const banner = [
  "import { createRequire as $createRequire } from 'node:module';",
  "import { dirname as $dirname } from 'node:path';",
  "import { fileURLToPath as $fileURLToPath } from 'node:url';",
  'const require = $createRequire(import.meta.url);',
  'const __filename = $fileURLToPath(import.meta.url);',
  'const __dirname = $dirname(__filename);',
].join('\n');

const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/bin.ts'],
  outdir,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.17',
  loader: { '.node': 'empty' },
  plugins: [stubs],
  legalComments: 'none',
  metafile: true,
  write: false,
  logLevel: 'warning',
}).catch(() => process.exit(1)); // esbuild has told why

await rm(outdir, { recursive: true, force: true });
for (const { path, text } of outputFiles) {
  await mkdir(dirname(path), { recursive: true });
  const [, shebang = '', code = ''] = /^(#!.*\n)?(.*)$/s.exec(text) ?? [];
  await writeFile(path, `${shebang}${wanting.test(code) ? `${banner}\n` : ''}${code}`);
}
await chmod(join(outdir, 'bin.js'), 0o755);
await writeFile(join(outdir, 'THIRD-PARTY-NOTICES'), await notices(Object.keys(metafile.inputs)));

/** Name, version and licence text of every package that a bundled file came from. */
async function notices(files) {
  const folders = new Set();
  for (const file of files) {
    const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file);
    if (found !== null) folders.add(found[0]);
  }
  const parts = await Promise.all([...folders].map((folder) => notice(join(root, folder))));
  const line = '-'.repeat(78);
  return ['bai-dev contains the following packages.', ...parts.sort()].join(`\n\n${line}\n\n`) + '\n';
}

async function notice(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`${name} names no licence`);
  const names = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = await Promise.all(names.sort().map((file) => readFile(join(folder, file), 'utf8')));
  return [`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join('\n\n');
}
