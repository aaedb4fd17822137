// One way to build an object whose optional fields are absent rather than undefined.

/** The same type with every field optional and never undefined. */
export type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** A copy without the fields that are undefined, as `exactOptionalPropertyTypes` requires. */
export const defined = <T extends object>(values: T): Defined<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
