// Reads TypeScript files as the rules of the house look at them: imports, declarations, words.
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

export interface Import {
  /** As written. */
  readonly from: string;
  /** For our own files the path from the repository's root, else undefined. */
  readonly file: string | undefined;
  /** Gone once the types are stripped. */
  readonly typeOnly: boolean;
}

export interface Code {
  /** From the repository's root: `src/host/exec.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

export function readCode(root: string, path: string): Code {
  return parseCode(path, readFileSync(join(root, path), 'utf8'));
}

export function parseCode(path: string, text: string): Code {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const imports: Import[] = [];
  const add = (specifier: ts.Expression | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const from = specifier.text;
    const file = from.startsWith('.') ? normalize(join(dirname(path), from)) : undefined;
    imports.push({ from, file, typeOnly });
  };
  visit(tree, (node) => {
    if (ts.isImportDeclaration(node)) {
      const named = node.importClause?.namedBindings;
      const onlyTypes =
        named !== undefined &&
        ts.isNamedImports(named) &&
        node.importClause?.name === undefined &&
        named.elements.length > 0 &&
        named.elements.every((element) => element.isTypeOnly);
      add(node.moduleSpecifier, isTypeOnly(node.importClause) || onlyTypes);
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    }
  });
  return { path, text, lines: text.replace(/\n$/, '').split('\n').length, tree, imports };
}

/** Calls `look` for every node of a tree. */
export function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => {
    visit(child, look);
  });
}

/** Line number of a node, counted from 1. */
export function lineOf(code: Code, node: ts.Node): number {
  return code.tree.getLineAndCharacterOfPosition(node.getStart(code.tree)).line + 1;
}

/** All words in quotes or backticks, with their nodes; not those of imports. */
export function literals(code: Code): readonly { readonly text: string; readonly node: ts.Node }[] {
  const found: { text: string; node: ts.Node }[] = [];
  visit(code.tree, (node) => {
    const text =
      ts.isStringLiteralLike(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddle(node) ||
      ts.isTemplateTail(node)
        ? node.text
        : undefined;
    if (text === undefined || ts.isImportDeclaration(node.parent)) return;
    found.push({ text, node });
  });
  return found;
}

/** Uses of a global by its name: `process`, `console`; not members, keys or types of that name. */
export function usesOf(code: Code, name: string): readonly ts.Identifier[] {
  const found: ts.Identifier[] = [];
  visit(code.tree, (node) => {
    if (!ts.isIdentifier(node) || node.text !== name) return;
    const { parent } = node;
    const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
    const isKey =
      (ts.isPropertyAssignment(parent) ||
        ts.isPropertySignature(parent) ||
        ts.isPropertyDeclaration(parent)) &&
      parent.name === node;
    const isName = ts.isQualifiedName(parent) || ts.isTypeReferenceNode(parent);
    if (!isMember && !isKey && !isName) found.push(node);
  });
  return found;
}

export interface Declaration {
  readonly name: string;
  readonly node: ts.Node;
}

/** Functions, classes, interfaces and types that a file declares at its top, and constants that hold functions. */
export function declarations(code: Code): readonly Declaration[] {
  return code.tree.statements.flatMap((statement): Declaration[] => {
    if (
      ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement)
    ) {
      return statement.name === undefined ? [] : [{ name: statement.name.text, node: statement }];
    }
    if (!ts.isVariableStatement(statement)) return [];
    return statement.declarationList.declarations.flatMap((one) =>
      ts.isIdentifier(one.name) ? [{ name: one.name.text, node: statement }] : [],
    );
  });
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  return clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}
