// Lines that fit: cut, padded, wrapped by the columns that characters really take.
import { stripVTControlCharacters } from 'node:util';
import { eastAsianWidth } from 'get-east-asian-width';

/** The text in at most `width` columns; what was cut off is told by `mark`. Only for text without colours. */
export function cut(text: string, width: number, mark: string): string {
  if (stringWidth(text) <= width) return text;
  if (width < stringWidth(mark)) return '';
  let kept = '';
  for (const letter of text) {
    if (stringWidth(kept + letter + mark) > width) break;
    kept += letter;
  }
  return kept.trimEnd() + mark;
}

/** Filled with spaces to `width` columns; colours do not count. */
export const pad = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - stringWidth(text)));

/** `left` and `right` at the two ends of a line; undefined if there is no room for both. */
export function apart(left: string, right: string, width: number): string | undefined {
  const room = width - stringWidth(left) - stringWidth(right);
  return room < 2 ? undefined : left + ' '.repeat(room) + right;
}

/** Prose in lines of at most `width` columns, broken at spaces; a long word stays whole, so it can be copied. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && stringWidth(`${line} ${word}`) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Items in lines of at most `width` columns, broken only between them. */
export function flow(items: readonly string[], separator: string, width: number): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    const longer = last === undefined ? item : last + separator + item;
    if (last === undefined || stringWidth(longer) > width) lines.push(item);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

/**
 * Columns without colours: two for wide letters and emoji, none for marks that sit on the letter before. The
 * package string-width knows more (families of emoji), and takes as long to load as a small command to run.
 */
function stringWidth(text: string): number {
  let columns = 0;
  for (const letter of stripVTControlCharacters(text)) {
    if (!sitting.test(letter)) columns += eastAsianWidth(letter.codePointAt(0) ?? 0);
  }
  return columns;
}

const sitting = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]$/u;

/** Columns that a text takes. */
export const widthOf = (text: string): number => stringWidth(text);

/** Rows whose cells stand under each other, two spaces apart; the last cell of a row is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, stringWidth(cell))));
  }
  return rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : pad(cell, widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** A table; of a row that does not fit `width` the first cells, and the others below them. */
export function fitted(
  rows: readonly (readonly string[])[],
  { width, first }: { readonly width: number; readonly first: number },
): string[] {
  const whole = table(rows);
  const heads = table(rows.map((row) => row.slice(0, first)));
  return rows.flatMap((row, at) => {
    const line = whole[at] ?? '';
    if (stringWidth(line) <= width) return [line];
    const below = flow(row.slice(first), '  ', width - 2);
    const indent = below.every((cells) => stringWidth(cells) <= width - 2) ? '  ' : '';
    return [heads[at] ?? '', ...below.map((cells) => indent + cells)];
  });
}
