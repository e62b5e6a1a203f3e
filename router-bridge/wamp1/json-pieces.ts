/** JSON taken apart without being decoded, so that values cross the adapter as the characters they came in. */

const QUOTE = 34;
const BACKSLASH = 92;

/** The raw items of a list, or `"key":value` of a dict. `text` must be well-formed JSON of one of both. */
export function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (isOpening(code)) {
      depth += 1;
      if (depth === 1) start = i + 1;
    } else if (depth === 1 && (code === 44 || isClosing(code))) {
      const piece = text.slice(start, i).trim();
      if (piece !== "") pieces.push(piece);
      start = i + 1;
      if (code !== 44) return pieces;
    } else if (isClosing(code)) depth -= 1;
  }
  return pieces;
}

/** How many lists and dicts stand in each other at most. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (isOpening(code)) deepest = Math.max(deepest, ++depth);
    else if (isClosing(code)) depth -= 1;
  }
  return deepest;
}

/** Key and raw value of one piece of a dict. */
export function entryOf(piece: string): { readonly key: string; readonly value: string } {
  const end = endOfString(piece, 0);
  const key = String(JSON.parse(piece.slice(0, end + 1)));
  return { key, value: piece.slice(piece.indexOf(":", end) + 1).trim() };
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}

function isOpening(code: number): boolean {
  return code === 91 || code === 123;
}

function isClosing(code: number): boolean {
  return code === 93 || code === 125;
}
