import { type Parameter, type Schema, refName } from '@/features/api-docs/open-api';

/** Limits the depth of schemas, because a recursive one has no end. */
const DEPTH_MAX = 6;

/**
 * An example of a schema, composed of the document's examples of its parts; undefined if there are none, because
 * no values are invented.
 */
export function exampleOf(schema: Schema | undefined, schemas: Record<string, Schema>, depth = 0): unknown {
  if (schema === undefined || depth > DEPTH_MAX) return undefined;
  if (schema.example !== undefined) return schema.example;
  if (schema.$ref !== undefined) return exampleOf(schemas[refName(schema.$ref)], schemas, depth + 1);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const parts = schema.allOf ?? schema.oneOf ?? schema.anyOf;
  if (parts) {
    const found = parts.map((part) => exampleOf(part, schemas, depth + 1)).filter((one) => one !== undefined);
    return schema.allOf && found.length > 1 ? Object.assign({}, ...found) : found[0];
  }
  if (schema.items) {
    const item = exampleOf(schema.items, schemas, depth + 1);
    return item === undefined ? undefined : [item];
  }
  if (!schema.properties) return undefined;
  const fields = Object.entries(schema.properties).flatMap(([name, part]) => {
    const value = exampleOf(part, schemas, depth + 1);
    return value === undefined ? [] : [[name, value] as const];
  });
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

/** A request to copy, with the examples of its path and parameters. */
export function requestLine(path: string, parameters: Parameter[]): string {
  const valueOf = (one: Parameter) => {
    const value: unknown = one.example ?? one.schema?.example;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
  };
  const filled = path.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const one = parameters.find((parameter) => parameter.in === 'path' && parameter.name === name);
    return (one && valueOf(one)) ?? whole;
  });
  const query = parameters
    .filter((one) => one.in === 'query' && one.required)
    .map((one) => `${one.name}=${valueOf(one) ?? '…'}`);
  return `curl '${location.origin}${filled}${query.length > 0 ? `?${query.join('&')}` : ''}'`;
}

/** The constraints of a value in addition to its type. */
export function boundsOf(schema: Schema | undefined): string {
  if (schema?.minimum !== undefined && schema.maximum !== undefined) {
    return `, ${schema.minimum} to ${schema.maximum}`;
  }
  if (schema?.minimum !== undefined) return `, from ${schema.minimum} on`;
  return schema?.maxLength === undefined ? '' : `, at most ${schema.maxLength} characters`;
}
