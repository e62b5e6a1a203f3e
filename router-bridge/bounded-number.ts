/** Numbers of the configuration, each with its range, its default and its unit in words. */
import { Type } from "typebox";

export const milliseconds = (fallback: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 86_400_000, default: fallback, description: `milliseconds; ${description}` });
export const count = (fallback: number, description: string) =>
  Type.Integer({ minimum: 1, maximum: 10_000_000, default: fallback, description });
export const octets = (fallback: number, description: string) =>
  Type.Integer({ minimum: 512, maximum: 2 ** 32, default: fallback, description: `octets; ${description}` });
