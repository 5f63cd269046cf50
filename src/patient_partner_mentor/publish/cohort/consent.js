/* The page before the first sharing: who reads, how soon, with what limits; and three things that a learner may allow,
   each by itself and none needed. The words come from the course's own settings; changed words are asked about again. */
import { button, dayOf, fill, h, settings, statusLine } from "./dom.js";
import { askState, call } from "./http.js";
import { SHARING_TEXT } from "./sharing_text.js";

const MAY = ["course", "quotes", "research"];
const ASKED = SHARING_TEXT.consent;
const wantedModule = () => settings.modules.find((one) => one.id === new URLSearchParams(location.search).get("module"));

/** Whether the learner has read the words as they are now. */
export const hasRead = (state) => state.consent?.seen === state.terms.seen;

function drawConsent(place, state) {
  const before = state.consent, current = hasRead(state), module = wantedModule();
  const { line, say } = statusLine();
  const boxes = MAY.map((name) => h("input", { type: "checkbox", id: `may-${name}`, checked: current && before[name] }));
  const on = button(current && !module ? ASKED.save : ASKED.go_on, async () => {
    on.disabled = true;
    say(ASKED.saving);
    try {
      await call(settings, "PUT", "consent", { ...Object.fromEntries(MAY.map((name, i) => [name, boxes[i].checked])), seen: state.terms.seen });
    } catch (problem) {
      on.disabled = false;
      return say(problem.message ?? ASKED.not_kept);
    }
    if (module || !current) location.href = `${settings.root}book/cohort/share.html${module ? `?module=${module.id}` : ""}`;
    else { on.disabled = false; say(ASKED.kept); }
  }, "primary");
  place.replaceChildren(h("div", { class: "terms" },
    before ? h("p", { class: "notice" }, fill(current ? ASKED.kept_on : ASKED.changed, { date: dayOf(before.time) })) : null,
    ...state.terms.sections.map(({ title, lines }) => h("section", {}, h("h2", {}, title), lines.map((text) => h("p", {}, text))))),
    h("fieldset", { class: "choices", "aria-describedby": "may-hint" }, h("legend", {}, ASKED.ask_title), h("p", { id: "may-hint" }, ASKED.ask),
      MAY.map((name, i) => h("div", { class: "choice" }, boxes[i], h("label", { for: `may-${name}` }, ASKED[name])))),
    h("div", { class: "buttons" }, on), line);
  document.documentElement.dataset.consent = "ready";
}

const consentPlace = document.getElementById("consent-place");
if (consentPlace) {
  const { line, say } = statusLine();
  consentPlace.replaceChildren(line);
  say(ASKED.loading);
  askState(settings).then((state) => drawConsent(consentPlace, state), () => { say(ASKED.unreached); document.documentElement.dataset.consent = "unreached"; });
}
