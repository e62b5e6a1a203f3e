/** Options that pins and channels of hardware PWM have in common. */
import * as Type from "typebox";

export const interlockSchema = Type.String({
  pattern: "^[a-z][a-z0-9_]{0,62}$",
  description: "Outputs: of those on the whole board that name the same interlock only one is ever on",
});

export const tagsSchema = Type.Array(Type.String({ minLength: 1, maxLength: 32 }), {
  maxItems: 16,
  description: "For people and programs; an output tagged actuator must say what happens when the link is lost",
});
