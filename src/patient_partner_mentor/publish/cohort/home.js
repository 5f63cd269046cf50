/* The start of a cohort's course: the one next thing, who reads, and each module's state. */
import { HOME, offerWhatIsGone } from "./account.js";
import { dayOf, fill, h, listed, settings } from "./dom.js";
import { askState, openHosted } from "./http.js";
import { lastPlace } from "./place.js";
import { drawStart, drawOverview } from "./start.js";
import { everything, synced } from "./sync.js";

const start = document.querySelector(".course-start");
const overview = document.querySelector(".course-modules");

/** Where a module stands with the readers: shared, taken back, comments. */
export function withReaders(found) {
  return [
    found.shared ? fill(HOME.shared_on, { date: dayOf(found.shared.time) }) : found.taken_back ? fill(HOME.taken_back_on, { date: dayOf(found.taken_back) }) : "",
    found.new ? `${fill(HOME.new_comments, { count: found.new })}.` : found.comments ? `${fill(HOME.comments, { count: found.comments })}.` : "",
  ].filter(Boolean).join(" ");
}

/** What people count of each module's steps, by module. */
export const creditedOf = (state) => Object.fromEntries(Object.entries(state.modules).map(([id, { credited }]) => [id, credited]));

function drawReaders(state) {
  const values = { readers: listed(state.readers), days: state.reading_days, count: state.readers.length };
  document.querySelector(".who-reads").replaceChildren(fill(state.reading_days === 1 ? HOME.who_reads_day : HOME.who_reads, values), " ",
    h("a", { href: `${settings.root}book/cohort/before-you-share.html` }, HOME.who_more), ".",
    ...(state.password ? [" ", h("a", { class: "change-password", href: state.password }, HOME.change_password), "."] : []));
}

/** What goes from the course soon, with its day, while there is time for a copy. */
function drawLeaving(state) {
  for (const old of document.querySelectorAll(".leaving")) old.remove();
  document.querySelector(".who-reads").after(...Object.entries(state.leaving ?? {}).map(([kind, date]) => h("p", { class: "notice leaving" },
    fill(HOME[`leaving_${kind}`], { date: dayOf(date, "UTC") }), " ", h("a", { href: `${settings.root}book/my-reflections.html` }, HOME.leaving_copy), ".")));
}

/** New comments come first; where I stopped is then the second way. */
function drawComments(state) {
  const fresh = settings.modules.filter((one) => state.modules[one.id].new);
  if (!fresh.length) return;
  const count = fresh.reduce((sum, one) => sum + state.modules[one.id].new, 0), [first] = fresh;
  const link = start.querySelector("a"), later = h("a", { href: link.getAttribute("href") }, start.dataset.begun ? HOME.or_go_on : HOME.or_begin);
  link.textContent = count === 1 ? HOME.read_comment : fill(HOME.read_comments, { count });
  link.href = `${settings.root}notebooks/${first.name}/module.html#comments`;
  start.querySelector(".continue-at")?.remove();
  start.append(h("p", { class: "continue-at" }, fill(HOME.comment_in, first), " ", later, "."));
}

async function draw() {
  const store = openHosted(settings);
  const [found, state] = await Promise.all([everything(settings), askState(settings).catch(() => null)]);
  const credited = state ? creditedOf(state) : {};
  drawOverview(overview, settings, found.answers, credited);
  drawStart(start, settings, found.answers, lastPlace(store) ?? newest(found.answers), credited);
  if (state) {
    for (const item of overview.querySelectorAll("[data-module]")) {
      const more = withReaders(state.modules[item.dataset.module]);
      item.querySelector(".module-readers")?.remove();
      if (more) item.querySelector(".module-state").after(h("p", { class: "module-readers", "data-new": state.modules[item.dataset.module].new > 0 }, more));
    }
    drawReaders(state);
    drawLeaving(state);
    drawComments(state);
  }
  document.querySelector(".home-status").textContent = state && found.there ? "" : HOME.unreached;
}
const newest = (answers) => [...answers].filter((one) => one.time && one.step !== "next-step").sort((a, b) => (a.time < b.time ? 1 : -1))[0] ?? null;

if (start && overview) {
  start.after(h("p", { class: "who-reads" }), h("p", { class: "status home-status", role: "status" }));
  synced.then(draw).then(() => offerWhatIsGone(start)).finally(() => { document.documentElement.dataset.home = "ready"; });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
