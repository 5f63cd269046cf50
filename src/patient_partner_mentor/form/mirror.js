/* What the mirror says of a text: the elements that were found, one question about what was not, and what the list is.
   It loads with the word list, or beside a kernel with the form. */
import { MIRROR_TEXT } from "./mirror_text.js";

const ASKED = ["happened", "meant", "next"]; // elements that one question can lead to, in this order

/** @param {string[]} found the names of the elements that noticing found
    @returns {string} some sentences for the learner */
export function mirrored(found) {
  const names = found.map((name) => MIRROR_TEXT[name]).join("; ");
  const missing = ASKED.find((name) => !found.includes(name));
  const lines = [
    names ? MIRROR_TEXT.includes.replace("{list}", () => names) : MIRROR_TEXT.none,
    missing && MIRROR_TEXT[`ask_${missing}`],
    MIRROR_TEXT.what_it_is,
  ];
  return lines.filter(Boolean).join(" ");
}
