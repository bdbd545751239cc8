// What makes a command, an event or the fields of a reply of fields. Unknown fields pass, so that
// a newer side may send more.

import { type TObject, type TProperties, Type } from 'typebox';
import { CommandId } from './values.js';

/** A command whose reply says something. */
export function command<Name extends string, Fields extends TProperties>(t: Name, fields: Fields) {
  return Type.Object({ t: Type.Literal(t), id: CommandId, ...fields });
}

/** A command that may come without an id, and is then not answered but for an error. */
export function quietCommand<Name extends string, Fields extends TProperties>(
  t: Name,
  fields: Fields,
) {
  return Type.Object({ t: Type.Literal(t), id: Type.Optional(CommandId), ...fields });
}

export function event<Name extends string, Fields extends TProperties>(t: Name, fields: Fields) {
  return Type.Object({ t: Type.Literal(t), ...fields });
}

/** Fields of a reply, beside its `t` and `id`. */
export function reply<Fields extends TProperties>(fields: Fields): TObject<Fields> {
  return Type.Object(fields);
}
