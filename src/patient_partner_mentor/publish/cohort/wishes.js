/* What a learner asked of people, each where it was asked for: since when, and the way to withdraw it. */
import { COHORT_TEXT } from "./cohort_text.js";
import { button, dayOf, fill, h, settings, statusLine } from "./dom.js";
import { call } from "./http.js";

const WISHES = COHORT_TEXT.comments;
export const TAPPED = ["please-call-me", "yes-please"]; // what is asked for by a tap on a comment; another tap asks again

/** A wish as an element. @param {Object} wish as the service tells it @param {() => void} gone called when it was withdrawn */
export function wishBox(module, wish, gone = () => {}) {
  const { line, say } = statusLine("wish-status"), id = `wish-${wish.step}-${wish.wish}`, words = h("p", { id });
  const send = (method) => call(settings, method, `wishes/${module.id}/${wish.step}/${wish.wish}`);
  let { since, withdrawn } = wish;
  const change = async () => {
    try {
      await send(withdrawn ? "PUT" : "DELETE");
    } catch (problem) { return say(problem.status === 404 ? WISHES.wish_done : WISHES.not_sent); }
    withdrawn = !withdrawn;
    since = new Date().toISOString();
    shown();
    say(withdrawn ? WISHES.wish_withdrawn : "");
    if (withdrawn) gone();
  };
  const press = button("", change, "quiet", { "aria-describedby": id });
  const shown = () => {
    words.textContent = fill(WISHES[`wish_${wish.wish}`], { date: dayOf(since) });
    words.hidden = Boolean(withdrawn);
    press.textContent = withdrawn ? WISHES.wish_again : WISHES.wish_back;
    if (withdrawn && TAPPED.includes(wish.wish)) {
      if (document.activeElement === press) { line.tabIndex = -1; line.focus(); }
      press.remove();
    }
  };
  shown();
  if (withdrawn) say(WISHES.wish_withdrawn);
  return h("div", { class: "wish", "data-wish": wish.wish }, words, line, h("div", { class: "buttons" }, press));
}
