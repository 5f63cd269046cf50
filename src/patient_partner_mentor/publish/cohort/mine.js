/* What "My reflections" has more of in a cohort: everything that the course holds, what is shared of each module, the
   comments beside the answers, and erasing at the course too. */
import { commentBoxes, creditLine } from "./comments.js";
import { fill, h, settings } from "./dom.js";
import { creditedOf, withReaders } from "./home.js";
import { askState, call, openHosted } from "./http.js";
import { IDS } from "./sharing.js";
import { everything, sync } from "./sync.js";

const boxesOf = new Map(); // by module: made once, so that an open comment stays open when the page is drawn anew

async function decorate(progress, list, t) {
  const state = await askState(settings);
  for (const [i, item] of [...progress.querySelectorAll(".progress-list li")].entries()) {
    const module = settings.modules[i], found = state.modules[module.id];
    item.querySelector(".progress-shared")?.remove();
    item.append(h("span", { class: "progress-shared" }, withReaders(found) || t.not_shared, " ", h("a", { href: `${settings.root}book/cohort/share.html?module=${module.id}` }, fill(t.share_link, module))));
    for (const [step, one] of Object.entries(found.credited)) {
      const answer = list.querySelector(`[data-module="${module.id}"][data-step="${step}"]`);
      if (answer && !answer.querySelector(".credit-line")) answer.append(creditLine(one));
    }
    if (!found.comments) continue;
    if (!boxesOf.has(module.id)) boxesOf.set(module.id, await commentBoxes(module, found.wishes));
    for (const [step, box] of boxesOf.get(module.id)) list.querySelector(`[data-module="${module.id}"][data-step="${step}"]`)?.append(box);
  }
  document.documentElement.dataset.comments = "ready";
}

/** Erase everything at the course. Answers with what was removed, and what is left with whom. */
async function eraseThere() {
  const store = openHosted(settings), { copies, prefix } = store.inside;
  const report = await call(settings, "POST", "erase", { sure: true });
  store.forget();
  for (const k of copies.keys(IDS + prefix)) localStorage.removeItem(k);
  return report;
}

/** What people count of each module; nothing where the course cannot be reached. */
const credited = () => askState(settings).then(creditedOf, () => ({}));

window.ppm.cohort = { gather: () => everything(settings, true), credited, decorate, eraseThere, copy: () => call(settings, "GET", "copy"), carry: () => sync(settings, true) };
