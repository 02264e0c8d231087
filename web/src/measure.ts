// Cuts names to the room they have, as wide as the letters really are.

const pen = document.createElement("canvas").getContext("2d");
const family = getComputedStyle(document.body).fontFamily;

/** Width of a text in pixels. */
export function widthOf(text: string, size: number): number {
  if (!pen) return text.length * size * 0.6;
  pen.font = `${size}px ${family}`;
  return pen.measureText(text).width;
}

/** The name, or as much of its start and end as fits into so many pixels; both ends tell names apart. */
export function cut(name: string, room: number, size: number): string {
  const letters = [...name.replace(/\s+/g, " ")];
  if (widthOf(letters.join(""), size) <= room) return letters.join("");
  for (let kept = letters.length - 1; kept > 3; kept--) {
    const tail = Math.max(2, Math.floor(kept / 4));
    const text = `${letters.slice(0, kept - tail).join("").trimEnd()}…${letters.slice(-tail).join("").trimStart()}`;
    if (widthOf(text, size) <= room) return text;
  }
  return "…";
}
