/* The welcome page's button and list of modules: where to begin or go on, and how far each module is. */
import { statesWith } from "./credited.js";

const put = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const line = (className, text) => Object.assign(document.createElement("p"), { className, textContent: text });
const doneSteps = (modules, answers, credited) => new Set(modules.flatMap((m) => statesWith(m, answers, credited).flatMap((state, i) => (state === "done" ? [`${m.id}/${m.steps[i]}`] : []))));

/** Write each module's state into the list. @param credited what people count, see credited.js */
export function drawOverview(overview, { modules, words }, answers, credited) {
  const done = doneSteps(modules, answers, credited);
  for (const item of overview?.querySelectorAll("[data-module]") ?? []) {
    const module = modules.find((m) => m.id === item.dataset.module);
    const count = module.steps.filter((step) => done.has(`${module.id}/${step}`)).length;
    item.dataset.state = count === module.steps.length ? "done" : count ? "begun" : "open";
    item.querySelector(".module-state").textContent = count ? put(words.progress, { done: count, count: module.steps.length }) : words.none_done;
  }
}

/** Turn "start" into "continue where I stopped", for somebody who has been here.
    @param {{module, step}?} place where the learner was last @param credited what people count, see credited.js */
export function drawStart(start, { modules, words, root }, answers, place, credited) {
  if (!start || (!place && !answers.length)) return;
  const done = doneSteps(modules, answers, credited), link = start.querySelector("a");
  const at = modules.find((m) => m.id === place?.module) ?? modules[0], index = Math.max(0, at.steps.indexOf(place?.step));
  const open = (m, i) => !done.has(`${m.id}/${m.steps[i]}`);
  const rest = modules.slice(modules.indexOf(at)).concat(modules.slice(0, modules.indexOf(at)));
  const todo = rest.map((m) => [m, m.steps.findIndex((_, i) => (m !== at || i >= index) && open(m, i))]).find(([, i]) => i >= 0)
    ?? rest.map((m) => [m, m.steps.findIndex((_, i) => open(m, i))]).find(([, i]) => i >= 0);
  start.querySelector(".continue-at")?.remove();
  if (!todo) { start.append(line("continue-at", words.all_done)); return; }
  const [module, i] = todo;
  start.dataset.begun = "yes";
  link.textContent = words.continue;
  link.href = `${root}notebooks/${module.name}/module.html#step-${i + 1}`;
  document.querySelector(".start-note").hidden = module !== modules[0]; // each later module shows its own note
  start.append(line("continue-at", put(words.continue_at, { place: `${module.title}, ${put(words.step, { number: i + 1 }).toLowerCase()}` })));
}
