/* The page on which a learner sees, word for word, what of a module would go and what would not, and shares it. */
import { bring, button, fill, h, listed, momentOf, settings, statusLine } from "./dom.js";
import { hasRead } from "./consent.js";
import { askState, call, openHosted } from "./http.js";
import { receiptOf, sharedNow, sharedOverview, toHeading } from "./receipt.js";
import { blank, change, isKept } from "./record.js";
import { forgetId, handIn, idOf, offered, standing } from "./sharing.js";
import { SHARING_TEXT } from "./sharing_text.js";
import { everything, sync, synced } from "./sync.js";

const SHARE = SHARING_TEXT.share, LAST = "next-step";
const ENDURE = 8000; // ms in which the newest words should have reached the course
const SEEN_PARTS = ["status", "text", "prompt", "prompt_hash", "lighter", "enough", "again"];
const sharePlace = document.getElementById("share-place");
const hand = Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => (n % 36).toString(36)).join("");

/** What this page knows of the module: the answers as they are shown, what goes, and what is shared already. */
async function look(module, anew) {
  const [found, state, { shared }] = await Promise.all([everything(settings, true), askState(settings, anew), call(settings, "GET", `share/${module.id}`)]);
  const answers = new Map(found.answers.filter((one) => one.module === module.id).map((one) => [one.step, one]));
  const chosen = new Set([...answers.values()].filter((one) => one.share && one.status === "written").map((one) => one.step));
  return { module, state, shared, answers, chosen, reply: [...answers.values()].find((one) => one.reply_wanted && chosen.has(one.step))?.step ?? null, saving: Promise.resolve() };
}

/** Keep a choice with its answer, so that it stands the next time too. */
function keepChoice(view, step, patch) {
  view.saving = view.saving.then(async () => {
    const before = view.answers.get(step);
    if (!before || Object.entries(patch).every(([name, value]) => before[name] === value)) return;
    const { answer } = await openHosted(settings).save(change(before, patch, before, hand, before.time), before.revision);
    view.answers.set(step, answer);
  });
}

const steps = (module) => [...module.steps, LAST];
const titleOf = (module) => (step) => (step === LAST ? SHARE.next_title : `${fill(settings.words.step, { number: module.steps.indexOf(step) + 1 })}: ${module.titles[module.steps.indexOf(step)]}`);

const contentOf = (view) => handIn(settings.course, view.module, [...view.answers.values()], view.chosen, view.reply);

/** One answer as it would go, or not. @param {() => void} changed called when the choice changes */
function card(view, step, changed) {
  const answer = view.answers.get(step), last = step === LAST, writes = answer?.status === "written" && !blank(answer.text);
  const link = `${settings.root}notebooks/${view.module.name}/module.html#${last ? "my-next-step" : `step-${view.module.steps.indexOf(step) + 1}`}`;
  const title = h("h3", {}, titleOf(view.module)(step));
  const edit = h("p", { class: "small" }, h("a", { href: link, "aria-label": `${SHARE.edit}: ${title.textContent}` }, SHARE.edit));
  if (!writes) {
    const said = h("p", {}), element = h("section", { class: "share-step", "data-step": step }, title, said, edit);
    const draw = (stands) => { said.textContent = [last ? SHARE.next_none : SHARE[answer?.status] ?? SHARE.open, stands ? SHARE[stands] : ""].filter(Boolean).join(" "); };
    return { element, draw, step };
  }
  const tick = h("input", { type: "checkbox", id: `goes-${step}`, "aria-describedby": `hint-${step}`, on: { change: () => { choose(tick.checked); changed(); } } });
  const mark = h("span", { class: "share-mark" }), hint = h("p", { class: "share-hint", id: `hint-${step}` });
  const choose = (yes) => {
    if (yes) view.chosen.add(step); else view.chosen.delete(step);
    keepChoice(view, step, { share: yes, ...(yes ? {} : { reply_wanted: false }) });
    if (!yes && view.reply === step) view.reply = null;
  };
  const draw = (stands) => {
    const goes = view.chosen.has(step);
    tick.checked = goes;
    element.dataset.goes = goes;
    mark.textContent = goes ? SHARE.goes : SHARE.stays;
    hint.textContent = [goes ? "" : isKept(view.answers.get(step)) ? SHARE.kept : last ? SHARE.next_unticked : SHARE.unticked, stands ? SHARE[stands] : ""].filter(Boolean).join(" ");
  };
  const element = h("section", { class: "share-step", "data-step": step }, h("p", { class: "share-head" }, mark), title, h("p", { class: "prompt" }, answer.prompt),
    h("div", { class: "written", dir: "auto" }, answer.text), h("div", { class: "choice" }, tick, h("label", { for: tick.id }, last ? SHARE.tick_next : SHARE.tick)), hint, edit);
  return { element, draw, choose, step };
}

/** At most one answer of a module to which a reply is wished. */
function replyChoice(view, changed) {
  const part = h("fieldset", { class: "choices", "aria-describedby": "reply-hint" });
  const one = (step, words) => {
    const id = `reply-${step ?? "none"}`;
    const dot = h("input", { type: "radio", name: "reply", id, on: { change: () => {
      for (const other of view.answers.keys()) keepChoice(view, other, { reply_wanted: other === step });
      view.reply = step;
      changed();
    } } });
    dot.checked = view.reply === step;
    return h("div", { class: "choice" }, dot, h("label", { for: id }, words));
  };
  const draw = () => {
    const goes = steps(view.module).filter((step) => view.chosen.has(step) && step !== LAST);
    part.hidden = !goes.length;
    part.replaceChildren(h("legend", {}, SHARE.reply_title), h("p", { id: "reply-hint" }, SHARE.reply_hint), one(null, SHARE.reply_none),
      ...goes.map((step) => one(step, fill(SHARE.reply_to, { title: titleOf(view.module)(step) }))));
  };
  return { part, draw };
}

/** Draw the page. @param said a line to begin with, which is read aloud */
function drawReview(view, said) {
  const { module, state, shared } = view;
  const { line, say } = statusLine("status share-status"), first = statusLine("status");
  const cards = steps(module).map((step) => card(view, step, () => drawAll())), able = cards.filter((one) => one.choose);
  const reply = replyChoice(view, () => drawSummary()), summary = h("div", { class: "share-summary" }), now = h("div", {});
  const go = button(shared ? SHARE.share_again : SHARE.share_now, () => shareNow(view, go, line, say), "primary", { id: "share-now" });
  const standings = () => { const next = contentOf(view); return cards.map(({ step }) => standing(shared?.hand_in, next, step)); };
  function drawAll() {
    standings().forEach((stands, i) => cards[i].draw(stands));
    reply.draw();
    drawSummary();
  }
  function drawSummary() {
    const stays = able.length - view.chosen.size, sameReply = (shared?.hand_in?.reply_wanted ?? null) === view.reply;
    const differs = standings().filter((stands) => stands && stands !== "same").length + (sameReply ? 0 : 1), nothing = shared?.hand_in && !differs;
    summary.replaceChildren(h("h2", {}, SHARE.summary_title), h("p", {}, nothing ? SHARE.summary_same : view.chosen.size ? fill(SHARE.summary_words, { count: view.chosen.size }) : SHARE.summary_none, " ", stays ? fill(SHARE.summary_stays, { count: stays }) : ""));
    go.hidden = Boolean(nothing);
    if (shared) now.querySelector(".shared-difference").textContent = shared.kind !== "shared" ? SHARE.now_files : differs ? fill(SHARE.now_changed, { count: differs }) : SHARE.now_no_change;
  }
  const takenBack = async (told) => {
    forgetId(openHosted(settings), module.id);
    for (const step of view.answers.keys()) keepChoice(view, step, { share: false, reply_wanted: false });
    await view.saving;
    drawReview(await look(module, true), told);
  };
  if (shared) now.append(sharedNow(module, shared, state, takenBack));
  const many = (yes) => button(yes ? SHARE.all : SHARE.none, () => { able.forEach(({ step, choose }) => choose(yes && (view.chosen.has(step) || (step !== LAST && offered(view.answers.get(step)))))); drawAll(); });
  const days = fill(SHARE.days, { count: state.reading_days });
  sharePlace.replaceChildren(h("h2", { class: "share-module" }, fill(SHARE.heading, module)), first.line, now,
    !shared && state.modules[module.id].taken_back && !said ? h("p", { class: "notice" }, fill(SHARE.was_taken_back, { time: momentOf(state.modules[module.id].taken_back) })) : "",
    h("p", {}, SHARE.intro), h("div", { class: "notice" }, h("p", {}, fill(SHARE.terms, { readers: listed(state.readers), days })), h("p", {}, h("a", { href: `before-you-share.html?module=${module.id}` }, SHARE.terms_link))),
    h("div", { class: "buttons" }, many(true), many(false)), ...cards.map(({ element }) => element), reply.part, summary, h("div", { class: "buttons" }, go), line);
  drawAll();
  if (said) { first.say(said); bring(first.line); }
  document.documentElement.dataset.share = "ready";
}

/** Share what the page shows, and nothing else: where newer words turn up on the way, they are shown first. */
async function shareNow(view, go, line, say) {
  const store = openHosted(settings), { module } = view;
  go.disabled = true;
  say(SHARE.sharing);
  const stop = (text, more) => { go.disabled = false; say(text); if (more) line.append(" ", more); };
  try {
    await view.saving;
    const state = await askState(settings, true);
    if (!hasRead(state)) return drawGate(state, module);
    await sync(settings, true);
    const why = await store.flush(ENDURE);
    if (why) return stop(store.keepsNothing() ? SHARE.unsaved_page : why === "full" ? SHARE.full : SHARE.unsaved);
    const newest = await look(module);
    if (steps(module).some((step) => SEEN_PARTS.some((part) => newest.answers.get(step)?.[part] !== view.answers.get(step)?.[part]))) return drawReview(newest, SHARE.news);
    const content = contentOf(view);
    const receipt = await call(settings, "POST", `share/${module.id}`, { ...content, id: idOf(store, content) });
    sharePlace.replaceChildren(receiptOf(receipt, content.answers, state, module, titleOf(module)));
    toHeading(sharePlace);
    document.documentElement.dataset.share = "receipt";
  } catch (problem) {
    if (problem.reason === "taken-back" || problem.reason === "other-words") forgetId(store, module.id);
    stop(SHARE[{ unreached: "unreached", signed_out: "signed_out", full: "full", refused: "refused" }[problem.reason]] ?? problem.message ?? SHARE.unreached,
      problem.reason === "signed_out" ? h("a", { href: settings.home, target: "_blank", rel: "noopener" }, SHARE.sign_in) : null);
  }
}

/** Before the first sharing, and when the words have changed: the page on who reads comes first. */
function drawGate(state, module) {
  sharePlace.replaceChildren(h("h2", {}, fill(SHARE.heading, module)), h("p", {}, state.consent ? SHARE.read_again : SHARE.read_first),
    h("p", {}, h("a", { class: "button", href: `before-you-share.html?module=${module.id}` }, SHARE.read_link)));
  document.documentElement.dataset.share = "gate";
}

async function openShare() {
  const module = settings.modules.find((one) => one.id === new URLSearchParams(location.search).get("module"));
  const { line, say } = statusLine();
  sharePlace.replaceChildren(line);
  say(SHARE.loading);
  try {
    await synced;
    const state = await askState(settings);
    if (!module) {
      sharePlace.replaceChildren(...sharedOverview(state));
      document.documentElement.dataset.share = "ready";
    } else if (!hasRead(state)) drawGate(state, module);
    else drawReview(await look(module));
  } catch (problem) {
    say(problem.reason === "signed_out" ? SHARE.signed_out : SHARE.not_loaded);
    document.documentElement.dataset.share = "unreached";
  }
}
if (sharePlace) {
  openShare();
  addEventListener("pageshow", (event) => { if (event.persisted) openShare(); });
}
