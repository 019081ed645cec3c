import { readFileSync } from 'node:fs';
import { codeOf, parseMarkdown, type Section, type Table } from './markdown.ts';
import type { Message } from './protocol_doc_actor.ts';
import type { AnyShape } from './protocol_doc_shapes.ts';

/** `docs/protocol.md` as its tests read it. */

export const PROTOCOL_TEXT = readFileSync(
  new URL('../../docs/protocol.md', import.meta.url),
  'utf8',
);
export const PROTOCOL: readonly Section[] = parseMarkdown(PROTOCOL_TEXT);

export type FieldType = 'string' | 'integer' | 'boolean' | 'object' | 'array';

export interface DocumentedField {
  readonly type: FieldType;
  readonly presence: 'optional' | 'required';
}
export type DocumentedFields = ReadonlyMap<string, DocumentedField>;

export interface DocumentedMessage {
  readonly type: string;
  readonly fields: DocumentedFields;
}

const FIELD_TYPES: readonly string[] = ['string', 'integer', 'boolean', 'object', 'array'];

/** Messages under a heading with an arrow; `→` comes from clients, `←` from the server. */
export function documentedMessages(arrow: '→' | '←'): readonly DocumentedMessage[] {
  return PROTOCOL.filter(({ title }) => title.startsWith(arrow)).flatMap((section) => {
    const [table] = section.tables;
    if (table === undefined) throw new Error(`"${section.title}" has no table of fields`);
    const fields = documentedFields(table);
    const types = [...section.title.matchAll(/`(\w+)`/g)].map(([, type = '']) => type);
    return types.map((type) => ({ type, fields }));
  });
}

/** A field's name ends with `?` where it may be left out. */
export function documentedFields(table: Table): DocumentedFields {
  return new Map(
    table.rows.map(([name, type = '']) => {
      if (!FIELD_TYPES.includes(type)) throw new Error(`${name} has the unknown type "${type}"`);
      const code = codeOf(name);
      const presence = code.endsWith('?') ? 'optional' : 'required';
      return [code.replace(/\?$/, ''), { type: type as FieldType, presence }];
    }),
  );
}

/** The part of a table of fields that the code's types know too. */
export const shapeOf = (fields: DocumentedFields): AnyShape =>
  Object.fromEntries([...fields].map(([name, { presence }]) => [name, presence]));

/** @returns what is wrong with a received message by its table, undefined when nothing is */
export function contradiction(message: Message, fields: DocumentedFields): string | undefined {
  const missing = [...fields].find(
    ([name, { presence }]) => presence === 'required' && !Object.hasOwn(message, name),
  );
  if (missing !== undefined) return `${missing[0]} is missing`;
  for (const [name, value] of Object.entries(message)) {
    const field = fields.get(name);
    if (name === 'type') continue;
    if (field === undefined) return `${name} is not documented`;
    if (!isOfType(field.type, value)) return `${name} is not of type ${field.type}`;
  }
  return undefined;
}

function isOfType(type: FieldType, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value) && Number(value) >= 0;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'string':
    case 'boolean':
      return typeof value === type;
  }
}
