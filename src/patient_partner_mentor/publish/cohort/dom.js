/* Small help to build a page's parts: elements, filled-in texts, times in the reader's own zone. */
export const settings = JSON.parse(document.getElementById("ppm-settings").textContent);
const language = document.documentElement.lang || "en";

/** A DOM element: tag, attributes (`on` holds listeners), children; text is only ever text. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listen] of Object.entries(value)) element.addEventListener(event, listen);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const button = (words, click, kind = "quiet", more = {}) => h("button", { type: "button", class: kind, on: { click }, ...more }, words);

/** A text with {names} filled in; of a pair [one, many], the one for `count`. */
export const fill = (text, values = {}) => (Array.isArray(text) ? text[values.count === 1 ? 0 : 1] : text).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export const dayOf = (time, timeZone) => new Date(time).toLocaleDateString(language, { year: "numeric", month: "long", day: "numeric", timeZone });

/** Day, time and the zone's name, as a receipt has them. */
export const momentOf = (time) => new Date(time).toLocaleString(language, { year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "long" });

/** Names as they stand in a sentence. */
export const listed = (names) => new Intl.ListFormat(language, { type: "conjunction" }).format(names);

/** A line that is read aloud when it changes. */
export function statusLine(kind = "status") {
  const line = h("p", { class: kind, role: "status" });
  return { line, say: (text = "") => { line.textContent = text; } };
}

/** Bring a heading or the like to the reader: in sight, and where reading goes on. */
export function bring(element) {
  element.tabIndex = -1;
  element.focus();
  element.scrollIntoView({ block: "nearest" });
}
