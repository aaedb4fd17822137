// JSON that lies on disk and may be damaged or not bai-dev's: refused before anything reads it that depth or size could break.

/** Levels that bai-dev's own files have at most, with room for more. */
const deepest = 64;

export type Parsed =
  | { readonly content: unknown; readonly fault?: undefined }
  | { readonly content?: undefined; readonly fault: string };

/** The content of a JSON text, or in a few words what is wrong with it. Never throws. */
export function parseJson(text: string): Parsed {
  if (isDeeper(text, deepest)) return { fault: `it is nested more than ${deepest} levels deep` };
  try {
    return { content: JSON.parse(text) as unknown };
  } catch {
    return { fault: 'it is not JSON' };
  }
}

/** Counts brackets outside of strings, so that nothing recursive sees such a text. */
function isDeeper(text: string, most: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = endOfString(text, at);
        break;
      case 0x5b:
      case 0x7b:
        depth += 1;
        if (depth > most) return true;
        break;
      case 0x5d:
      case 0x7d:
        depth -= 1;
    }
  }
  return false;
}

/** Where the string ends that begins at a quotation mark; the end of the text if it does not. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}
