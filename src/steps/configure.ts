// Writes the configuration of the components into their trees, with this environment's ports, paths and secrets.
import { join } from 'node:path';
import { member, treePath } from '../environment/names.ts';
import { render, type Values } from '../environment/render.ts';
import { valuesOf } from '../environment/values.ts';
import { readAsset } from '../host/assets.ts';
import { kindOf, makeFolder } from '../host/files.ts';
import type { Step } from '../plan/step.ts';
import type { Release, ReleaseFile } from '../release/release.ts';
import type { Resource } from '../resources/resource.ts';
import { generatedStep, type GeneratedFile } from './generated.ts';
import type { Making } from './making.ts';

const group = 'Configuration';
/** Nearly all of these files hold a password or a key. */
const mode = 0o600;

/** `configure:<tree>` for every tree that has something to configure, but for the client's. */
export function configureSteps(making: Making): Step<Resource>[] {
  const { release } = making.spec;
  const client = clientTree(release);
  return Object.keys(release.trees)
    .filter((tree) => tree !== client)
    .flatMap((tree) => {
      const files = [...renderedFiles(making, tree), ...certificateFiles(making, tree)];
      const folders = member(release.trees, tree, 'tree').folders.map((path) =>
        join(treePath(making.spec, tree), path),
      );
      if (files.length + folders.length === 0) return [];
      const step = generatedStep(making, {
        id: `configure:${tree}`,
        title: tree,
        group,
        after: [`source:${tree}`],
        files,
      });
      return [withFolders(step, folders)];
    });
}

/** The tree in which the client is installed, and from which people use it. */
export function clientTree(release: Release): string {
  return member(release.virtualenvs, release.client.virtualenv, 'virtualenv').tree;
}

/** The files of a tree (or of the install path, without one) as they should be. */
export function renderedFiles({ spec, secrets, world }: Making, tree: string | undefined): GeneratedFile[] {
  const values = valuesOf(spec, secrets);
  const place = tree === undefined ? spec.installPath : treePath(spec, tree);
  return spec.release.files
    .filter((file) => file.tree === tree)
    .map((file) => ({
      path: join(place, file.path),
      content: render(
        readAsset(world.host, join('templates', file.template)),
        { ...values, ...accountValues(file, spec.release) },
        file.format,
      ),
      mode,
      ...(tree === undefined ? {} : { tree: place }),
    }));
}

function accountValues({ account: email }: ReleaseFile, release: Release): Values {
  const account = release.accounts.find((one) => one.email === email);
  if (account === undefined) return {};
  const { password, accessKey, secretKey } = account;
  return { email: account.email, password, accessKey, secretKey };
}

function certificateFiles({ spec, secrets }: Making, tree: string): GeneratedFile[] {
  const { certificate } = spec.release;
  if (certificate.tree !== tree) return [];
  const place = treePath(spec, tree);
  return [
    { path: join(place, certificate.certificate), content: secrets.certificate, mode, tree: place },
    { path: join(place, certificate.key), content: secrets.certificateKey, mode, tree: place },
  ];
}

/** The same step, which also makes folders in the tree; they need no entry in the record, as the tree has one. */
function withFolders(step: Step<Resource>, folders: readonly string[]): Step<Resource> {
  if (folders.length === 0) return step;
  return {
    ...step,
    inputs: { files: step.inputs, folders },
    check: async () => {
      const kinds = await Promise.all(folders.map(kindOf));
      return kinds.every((kind) => kind === 'folder') && (await step.check?.()) !== false;
    },
    run: async (control) => {
      for (const folder of folders) await makeFolder(folder);
      await step.run(control);
    },
  };
}
