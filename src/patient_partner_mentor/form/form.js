/* The reflection form: one anywidget (AFM) module for every host. It owns the draft; hosts only carry it further.
   `model` gives the question (ids and prompts, never answers) and the settings of the place where it stands. */
import { credit, ownWords } from "./credit.js";
import { LIMIT, blank, change, clean, compare, fresh, gather, isKept, joinParts, past, splitParts } from "./record.js";
import { openStore } from "./store.js";
import { TEXT } from "./text.js";

const QUIET = 900; // ms without a key before the status line speaks

const random = () => Array.from(crypto.getRandomValues(new Uint8Array(8)), (n) => (n % 36).toString(36)).join("");
const writer = random();
const say = (key, values = {}, group = "form") => TEXT[group][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** A DOM element: tag, attributes (`on` holds listeners), children. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, listen] of Object.entries(value)) element.addEventListener(event, listen);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
const button = (key, click, group, kind = "quiet") => h("button", { type: "button", class: kind, on: { click } }, say(key, {}, group));
const clock = (time) => new Date(time).toLocaleTimeString(document.documentElement.lang || "en", { hour: "numeric", minute: "2-digit" });

/** The draft of one answer: what the learner has, how it is kept, and what came from elsewhere. */
class Draft {
  constructor(question, store, tell) {
    Object.assign(this, { question, store, tell, seen: null, busy: false, dirty: false, trouble: null });
    const glance = store.glance(question.module, question.step);
    this.answer = glance ?? fresh(question, writer);
    this.seen = glance?.revision ?? null;
  }

  async load() {
    const found = await this.store.load(this.question.module, this.question.step);
    found.news = Boolean(found.answer) && compare(found.answer.revision, this.answer.revision) > 0;
    if (found.news) { this.answer = found.answer; this.seen = found.answer.revision; }
    this.trouble = found.newer ? "newer" : found.damaged ? "damaged" : null;
    this.where = found.where;
    return found;
  }

  change(patch) {
    this.answer = change(this.answer, patch, this.question, writer, new Date().toISOString());
    this.save();
  }

  /** One save at a time; what is typed while one is under way goes with the next. */
  async save() {
    this.dirty = true;
    if (this.busy) { this.store.jot(this.answer, this.seen); return this.saving; }
    this.busy = true;
    return (this.saving = this.saveAll().finally(() => { this.busy = false; }));
  }

  async saveAll() {
    while (this.dirty) {
      this.dirty = false;
      const draft = this.answer;
      const { answer, where, newer } = await this.store.save(draft, this.seen);
      const extra = answer.overtaken.length > draft.overtaken.length;
      this.seen = answer.revision;
      this.where = where;
      this.trouble = newer ? "newer" : where === "device" ? null : this.trouble;
      const count = Math.max(this.answer.revision.count, answer.revision.count);
      this.answer = { ...this.answer, revision: { count, writer }, overtaken: gather(answer.overtaken, this.answer.overtaken) };
      this.tell({ saved: true, otherTab: extra });
    }
  }

  /** Take over what another window wrote, unless the learner is writing here: what is saved next then keeps both. */
  async refresh(writing) {
    if (this.dirty || this.busy || writing()) return;
    const { answer } = await this.store.load(this.question.module, this.question.step);
    if (this.dirty || this.busy || writing()) return;
    if (!answer && this.seen) { this.answer = fresh(this.question, writer); this.seen = null; this.tell({ updated: true }); }
    else if (answer && compare(answer.revision, this.answer.revision) > 0) { this.answer = answer; this.seen = answer.revision; this.tell({ updated: true }); }
  }
}

export function render({ model, el, signal }) {
  const question = model.get("question"), settings = model.get("settings");
  const id = "f" + random(); // a host may load this module once per form: no counters
  const store = (settings.open ?? openStore)(settings);
  const labels = question.parts ?? [];
  const status = h("p", { class: "form-status", role: "status", id: id + "s" });
  const outcome = h("p", { class: "form-outcome", role: "status" });
  let speak, fields = [], whole = !labels.length, full = false;

  const announce = (text, now) => {
    clearTimeout(speak);
    speak = setTimeout(() => { if (status.textContent !== text) status.textContent = text; }, now ? 0 : QUIET);
  };
  const draft = new Draft(question, store, ({ otherTab, updated }) => {
    paint(updated);
    if (otherTab) announce(say("other_tab"), true);
    else if (updated) announce(say("updated"), true);
    else announce(stateLine());
    report("ppm:answer");
  });
  let before = []; // own words of the module's earlier steps
  const judge = () => (question.step !== "next-step" ? credit(draft.answer, labels, before)
    : blank(draft.answer.text) ? { state: "open", reason: "empty" } : { state: "done", reason: "written" });
  const report = (kind) => el.dispatchEvent(new CustomEvent(kind, { bubbles: true, detail: { module: question.module, step: question.step, state: judge().state } }));
  const lookBefore = async () => {
    const found = await Promise.all((question.earlier ?? []).map((step) => store.load(question.module, step)));
    before = found.flatMap(({ answer }) => (answer ? [ownWords(answer.text, question.earlier_parts?.[answer.step])] : []));
  };

  const stateLine = () => {
    if (draft.trouble) return say(draft.trouble);
    if (full) return say("limit");
    if (store.lines?.[draft.where]) return store.lines[draft.where];
    if (store.keepsNothing()) return blank(draft.answer.text) ? "" : say("not_kept");
    if (!draft.answer.time) return "";
    const key = { device: "saved_at", browser: "saved_copy", nowhere: "not_saved" }[draft.where];
    return key ? say(key, { time: clock(draft.answer.time) }) : "";
  };

  /* the question, and what is typed */
  const ask = h("div", { class: "ask" });
  let shape;
  const read = () => (whole ? fields[0].value : joinParts(labels, fields.map((field) => field.value)));
  const fit = (field) => { field.nextElementSibling.textContent = field.value; }; // the mirror that print shows
  const write = (boxes, values) => boxes.forEach((field, i) => { if (field.value !== values[i]) field.value = values[i]; fit(field); });
  const typed = (event) => {
    if (event && !fields.includes(event.target)) return; // a box on its way out speaks once more when it loses the caret
    const text = read().normalize("NFC");
    full = [...text].length > LIMIT;
    if (full) { redraw(); announce(say("limit"), true); return; }
    if (event) fit(event.target);
    if (clean(text) === draft.answer.text) return;
    const removed = blank(text) && draft.answer.text.length >= 20;
    if (removed) draft.answer = { ...draft.answer, overtaken: gather(draft.answer.overtaken, [past(draft.answer)]) };
    draft.change({ text, status: "open" });
    quiet();
    paint();
  };
  const quiet = () => { outcome.textContent = ""; settle.replaceChildren(); };
  const field = (boxes, label, describe) => {
    const name = `${id}t${boxes.length}`;
    const area = h("textarea", { id: name, rows: { sentence: 2, plan: 2, letter: 9 }[question.kind] ?? 5, dir: "auto", "aria-describedby": describe, on: { input: typed, change: typed } });
    boxes.push(area);
    return [h("label", { for: name }, label), h("div", { class: "grow" }, area, h("div", { class: "mirror", "aria-hidden": "true" }))];
  };

  /** Bring the boxes to the draft: the values alone where the boxes stay, else new boxes with their values in place. */
  function redraw() {
    const { text, lighter } = draft.answer;
    const values = !labels.length || (lighter && question.lighter) ? null : splitParts(labels, text);
    whole = !values;
    const prompt = (lighter && question.lighter) || question.prompt;
    if (shape !== prompt + whole) {
      const hints = [question.sensitive && "care", question.kind === "letter" && "letter_hint", question.kind === "moment" && "moment_hint", !whole && "parts_hint"];
      const hint = h("p", { class: "hint", id: id + "h" }, hints.filter(Boolean).map((key) => say(key)).join(" "));
      const describe = hint.textContent ? id + "h" : null, boxes = [];
      const drawn = whole
        ? field(boxes, prompt, describe)
        : [h("fieldset", { "aria-describedby": describe }, h("legend", {}, prompt), hint, ...labels.flatMap((label) => field(boxes, label, null)))];
      if (whole && describe) drawn.splice(1, 0, hint);
      write(boxes, values ?? [text]);
      fields = boxes;
      shape = prompt + whole;
      ask.replaceChildren(...drawn);
    } else write(fields, values ?? [text]);
  }

  /* ways in, other ways */
  const begin = (starter) => {
    const area = fields.find((f) => f === lastField) ?? fields[0], start = starter.replace(/\s*(\.\.\.|…)$/, " ");
    area.value = blank(area.value) ? start : `${area.value.trimEnd()}\n${start}`;
    typed({ target: area });
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  };
  let lastField;
  const wayIn = h("details", { class: "way-in" }, h("summary", {}, say("way_in")));
  const lighter = h("div", { class: "lighter" });
  if (question.starters?.length) {
    wayIn.append(h("p", {}, say("starters")), h("ul", { class: "starters" }, ...question.starters.map((starter) =>
      h("li", {}, h("button", { type: "button", class: "quiet", on: { click: () => begin(starter) } }, starter)))));
  }
  if (question.lighter) wayIn.append(lighter);
  const lighterDrawn = () => {
    const use = draft.answer.lighter;
    if (!question.lighter || lighter.dataset.use === String(use)) return; // what has the focus is not drawn anew
    lighter.dataset.use = use;
    lighter.replaceChildren(
      use ? "" : h("p", {}, say("lighter_intro"), " ", h("strong", {}, question.lighter)),
      button(use ? "lighter_back" : "lighter_use", () => { keepText(); draft.change({ lighter: !use }); redraw(); paint(); fields[0].focus(); }),
    );
  };
  const keepText = () => { const text = read(); if (text !== draft.answer.text) typed(); };
  const keep = async () => {
    keepText();
    draft.change({ share: false, enough: true, again: true });
    paint();
    await finished();
    sayKept();
  };
  const sayKept = () => {
    if (TEXT.form.keep && isKept(draft.answer)) outcome.textContent = say(settings.isShared?.(question) ? "kept_shared" : "kept", {}, "credit");
  };
  const choose = (status) => () => { draft.change({ status }); finished(); paint(); };
  const choices = h("div", { class: "buttons" });
  const other = h("details", { class: "other-ways" }, h("summary", {}, say("other_ways")), choices);
  const otherDrawn = () => {
    const chosen = ["skipped", "other-way"].includes(draft.answer.status);
    if (other.dataset.chosen === String(chosen)) return;
    other.dataset.chosen = chosen;
    const inside = choices.contains(document.activeElement);
    choices.replaceChildren(...(chosen
      ? [button("write_after_all", () => { draft.change({ status: "open" }); quiet(); paint(); fields[0].focus(); })]
      : [button("skip", choose("skipped")), button("other_way", choose("other-way")), TEXT.form.keep ? button("keep", keep) : ""]));
    if (inside) choices.firstChild.focus();
  };

  /* what is finished, what was there before */
  const support = h("p", { class: "support", hidden: true });
  const settle = h("div", { class: "settle" });
  /** Say what the step counts for; where one word of the learner's would settle it, ask for that word. */
  const conclude = () => {
    const found = judge();
    const written = found.reason === "written" || found.reason === "language" || found.reason === "lighter";
    const key = question.kind === "moment" && found.reason === "other-way" ? "written" : found.reason;
    outcome.textContent = written && question.step === "next-step" ? say("next_outcome") : say(key, {}, "credit");
    outcome.dataset.state = found.state;
    settle.replaceChildren(...(found.question && found.state !== "done"
      ? [h("div", { class: "buttons" },
        button(`${found.question}_yes`, () => { draft.change({ [found.question]: true }); finished(); done.focus(); }, "credit"),
        button(`${found.question}_no`, () => { settle.replaceChildren(); outcome.textContent = ""; fields[0].focus(); }, "credit"))]
      : written && settings.noticing && question.step !== "next-step" ? [button("notice", noticed)] : []));
    if (question.sensitive && found.state === "done" && settings.support) { support.textContent = settings.support; support.hidden = false; }
  };
  const finished = async () => {
    draft.save();
    await lookBefore();
    conclude();
    report("ppm:finished");
  };
  /** Mirror what the words include, only when asked: it never changes credit. */
  const noticed = async () => {
    const line = h("p", { role: "status" });
    settle.replaceChildren(line);
    try {
      const mirror = await settings.noticing();
      line.textContent = await mirror(ownWords(read(), labels), draft.answer.language, question.key_words ?? []);
    } catch { line.textContent = say("notice_silent"); }
  };
  const done = h("button", { type: "submit", class: "primary" }, say(question.step === "next-step" ? "next_done" : question.kind === "moment" ? "moment_done" : "done"));
  const copy = button("copy", async () => {
    try { await navigator.clipboard.writeText(read()); announce(say("copied"), true); } catch { announce(say("not_copied"), true); fields[0].select(); }
  });
  const earlier = h("details", { class: "earlier" });
  const earlierDrawn = () => {
    const items = [...draft.answer.overtaken].reverse(), mark = `${items.length}${items[0]?.text}`;
    earlier.hidden = !items.length;
    if (earlier.dataset.mark === mark) return;
    earlier.dataset.mark = mark;
    earlier.replaceChildren(h("summary", {}, `${say("earlier")} (${items.length})`), h("p", {}, say("earlier_hint")), ...items.map((item) =>
      h("div", { class: "earlier-text" },
        ![question.prompt, question.lighter].includes(item.prompt) ? h("p", { class: "hint" }, say("earlier_question", { prompt: item.prompt })) : "",
        h("p", { class: "words", dir: "auto" }, item.text),
        button("bring_back", () => {
          keepText();
          if (!blank(draft.answer.text)) draft.answer = { ...draft.answer, overtaken: gather(draft.answer.overtaken, [past(draft.answer)]) };
          draft.change({ text: item.text, status: "open" });
          redraw(); paint(); fields[0].focus();
        }))));
  };
  const changed = h("div", { class: "changed", hidden: true });
  const backs = (question.looks_back_to ?? []).map((target) => {
    const box = h("details", { class: "look-back" }, h("summary", {}, say("look_back", { title: target.title })));
    const words = h("div", { class: "words", dir: "auto" });
    box.append(words);
    box.addEventListener("toggle", async () => {
      if (!box.open) return;
      const { answer } = await store.load(target.module, target.step);
      words.textContent = answer && !blank(answer.text) ? answer.text : say("look_back_none");
    });
    return box;
  });

  const writing = () => document.hasFocus() && form.contains(document.activeElement) && document.activeElement.tagName === "TEXTAREA";

  function paint(fromElsewhere) {
    if (fromElsewhere) redraw();
    lighterDrawn(); otherDrawn(); earlierDrawn();
    form.dataset.state = judge().state;
    const asked = !blank(draft.answer.text) && draft.answer.prompt_hash !== question.prompt_hash;
    changed.hidden = !asked;
    if (asked) changed.replaceChildren(h("p", {}, say("changed"), " ", say("earlier_question", { prompt: draft.answer.prompt })));
    for (const box of backs) box.hidden = question.looks_back === "after writing" && draft.answer.status === "open";
    copy.hidden = draft.where === "course" || (draft.where === "device" && !store.keepsNothing());
  }

  const form = h("form", { class: `reflection reflection-${question.kind}`, "data-step": question.step, on: {
    submit: (event) => { event.preventDefault(); keepText(); if (question.kind === "moment" && draft.answer.status === "open") draft.change({ status: "other-way" }); finished(); paint(); },
    focusin: (event) => { if (event.target.tagName === "TEXTAREA") lastField = event.target; },
    focusout: () => setTimeout(() => draft.refresh(writing)),
  } }, ask, changed, status, ...backs, question.starters?.length || question.lighter ? wayIn : "", h("div", { class: "buttons" }, done, copy), outcome, settle, support,
    question.step === "next-step" ? "" : other, earlier);

  redraw();
  paint();
  for (const area of fields) area.readOnly = true;
  const ready = Promise.all([draft.load(), lookBefore()]).then(([found]) => {
    if (found.news) redraw();
    for (const area of fields) area.readOnly = false;
    if (found.answer && draft.answer.status !== "open") announce(stateLine(), true);
    else if (found.where === "browser" && !store.keepsNothing()) announce(stateLine(), true);
    if (draft.trouble) announce(say(draft.trouble), true);
    paint();
    if (judge().question && !blank(draft.answer.text)) conclude();
    sayKept();
    report("ppm:ready");
  });

  const again = () => { if (!document.hidden) draft.refresh(writing); };
  store.watch((k, where, news) => {
    if (k && k !== `${question.module}/${question.step}`) return;
    if (where) { draft.where = where; paint(); announce(stateLine()); }
    if (!where || news) draft.refresh(writing);
  }, signal);
  addEventListener("focus", again, { signal });
  addEventListener("pageshow", again, { signal });
  addEventListener("beforeunload", (event) => {
    if (!blank(draft.answer.text) && (draft.where === "nowhere" || draft.where === "chosen") && draft.answer.revision.writer === writer) event.preventDefault();
  }, { signal });
  el.replaceChildren(form);
  return ready;
}
