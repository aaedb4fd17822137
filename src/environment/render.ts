// Fills the holes of templates: `{{name}}` becomes a value, quoted for the format that the text is in.

export type Format = 'toml' | 'ini' | 'shell' | 'raw';

/** What a template may use, by name. */
export type Values = Readonly<Record<string, string | number>>;

const hole = /\{\{([A-Za-z][A-Za-z0-9.]*)\}\}/g;

/**
 * The template with every hole filled. In toml and shell a hole stands for a whole value and brings its
 * own quotes, so the template has none around it; numbers stay bare. In ini it is text of a value, in raw just
 * text. A name without a value, and a value that the format cannot hold, is our mistake: an Error.
 */
export function render(template: string, values: Values, format: Format): string {
  const filled = template.replace(hole, (_whole, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new Error(`a template asks for "${name}", which has no value`);
    return quote(value, format, name);
  });
  // a hole that is spelled wrongly would be written out as it is
  const left = /\{\{.*?\}\}/.exec(template.replace(hole, ''));
  if (left !== null) throw new Error(`a template has a hole that cannot be filled: ${left[0]}`);
  return filled;
}

/** The names that a template asks for, each once, in order. */
export function holesOf(template: string): string[] {
  return [...new Set([...template.matchAll(hole)].map(([, name]) => name ?? ''))];
}

/** JSON data with the holes of every text in it filled. A text in JSON's own quotes needs no further ones. */
export function renderData(data: unknown, values: Values): unknown {
  if (typeof data === 'string') return render(data, values, 'raw');
  if (Array.isArray(data)) return data.map((part) => renderData(part, values));
  if (data === null || typeof data !== 'object') return data;
  return Object.fromEntries(Object.entries(data).map(([key, part]) => [key, renderData(part, values)]));
}

function quote(value: string | number, format: Format, name: string): string {
  if (typeof value === 'number') return String(value);
  switch (format) {
    case 'toml':
      // TOML's basic string is JSON's, but for DEL, which it wants escaped
      return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
    case 'ini':
      // Python's configparser ends a value at the line's end and reads `%` as the beginning of a reference
      if (/[\r\n]/.test(value))
        throw new Error(`the value "${name}" has a line break, which ini cannot hold`);
      return value.replaceAll('%', '%%');
    case 'shell':
      return `'${value.replaceAll("'", String.raw`'\''`)}'`;
    case 'raw':
      return value;
  }
}
