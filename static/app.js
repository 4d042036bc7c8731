// What HTML and htmx do not do by themselves. No dependencies, no inline handlers: each behaviour belongs to a data-
// attribute, and everything here is an addition to a page that works without it.
(() => {
"use strict";

const find = (selector, root = document) => root.querySelector(selector);
const on = (type, handler, options) => document.addEventListener(type, handler, options);
const phone = matchMedia("(max-width: 52rem)");
const modal = find("[data-modal]"), menu = find("#menu"), toasts = find("#toasts"), status = find("#say");

// htmx takes hold of the page in a task of its own, queued before this one: until then a link that opens a dialog would
// open a page. Tests wait for data-ready.
const ready = new Promise((resolve) => { setTimeout(resolve); });
ready.then(() => {
  document.documentElement.dataset.ready = "";
  const {activeElement: field} = document;     // who was quicker has typed already, here or before, and nobody has listened
  const here = field?.matches("input, textarea") && field.value !== field.defaultValue ? field.value : "";
  const [typedAt, typed] = JSON.parse(sessionStorage.getItem("typed") ?? `[0, ""]`);
  sessionStorage.removeItem("typed");
  const before = Date.now() - typedAt < AHEAD ? typed : "", meant = here ? field : find("main [autofocus]");
  if (here || (before && meant?.matches(FIELD) && isToBeTyped(meant))) typeInto(meant, before + here);
});

let saidAt = -Infinity;

/** Read a sentence out without moving the focus. */
function say(text) {
  saidAt = performance.now();
  status.textContent = "";
  setTimeout(() => { status.textContent = text; }, 50);
}

// data-busy: what takes longer than a moment is seen and said to be under way; only seen, when something else was just
// said. Whatever is fetched, by htmx too, is counted.
const plainFetch = window.fetch;
let underWay = 0, moment = null;
window.fetch = async (...asked) => {
  if (!underWay++) moment = setTimeout(() => {
    document.documentElement.dataset.busy = "";
    if (performance.now() - saidAt > 3000) say("One moment");
  }, 300);
  try {
    return await plainFetch.apply(window, asked);
  } finally {
    if (!--underWay) { clearTimeout(moment); delete document.documentElement.dataset.busy; }
  }
};

/** Put a popover below its anchor, or above where there is more room; `align` is the edge they share. */
function place(popover, anchor, align) {
  const box = anchor.getBoundingClientRect();
  const toRight = (align === "end") === (getComputedStyle(anchor).direction === "ltr");
  const left = toRight ? box.right - popover.offsetWidth : box.left;
  const below = innerHeight - box.bottom - 12, fits = below >= popover.scrollHeight || below >= box.top;
  popover.style.maxHeight = `${Math.max(120, fits ? below : box.top - 12)}px`;
  popover.style.left = `${Math.max(8, Math.min(left, innerWidth - popover.offsetWidth - 8))}px`;
  popover.style.top = `${fits ? box.bottom + 4 : box.top - popover.offsetHeight - 4}px`;
}

// data-modal: the dialog is open exactly while it has content -----------------------------------------------------

const FIELD = "input:not([type=hidden]), select, textarea";

/** The first error, else what the screen asks for, else its first field. */
function focusFirst(root) {
  const wrong = find(`[aria-invalid="true"]`, root) ?? find(".problems", root);
  if (wrong) wrong.focus();
  else if (!root.contains(document.activeElement) || document.activeElement.matches("[data-close]"))
    (find("[autofocus]", root) ?? find(FIELD, find(".body", root) ?? root) ?? find(".submit-bar .btn", root))?.focus();
}

new MutationObserver(() => {
  const filled = modal.childElementCount > 0;
  if (filled && !modal.open) modal.showModal();
  if (!filled && modal.open) modal.close();
  if (filled) focusFirst(modal);
  const field = document.activeElement, typed = early;
  early = null;
  if (filled && typed && modal.contains(field) && field.matches("input, textarea") && !field.value) typeInto(field, typed);
}).observe(modal, {childList: true});

modal.addEventListener("close", () => modal.replaceChildren());

/** Whether somebody has typed something that closing would lose. */
const touched = (root) => [...root.querySelectorAll(FIELD)].some((field) =>
  field.matches("select") ? [...field.options].some((option) => option.selected !== option.defaultSelected) && field.dataset.touched
    : field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked
    : field.value !== field.defaultValue);

let pressedOn = null;
on("pointerdown", (event) => { pressedOn = event.target; }, true);
modal.addEventListener("click", (event) => {
  if (event.target === modal && pressedOn === modal && !touched(modal)) modal.close();
});
on("click", (event) => {
  const closer = event.target.closest("[data-close]");
  if (!closer || !modal.contains(closer)) return;
  event.preventDefault();
  modal.close();
});

// data-toast: messages go by themselves, but not while somebody is at them -----------------------------------------

const LONG = new Set(["warn", "bad"]);
toasts.popover = "manual";

/** Raise the messages above everything; while a dialog is open a message belongs into it, the rest of the page is inert.
 * What went well before the last thing that did need not be read any more, unless it can be undone. */
function showToasts() {
  const slot = modal.open && find("[data-problems]", modal);
  for (const toast of toasts.querySelectorAll(".ok[data-said]:not(:has(a))")) toast.remove();
  for (const toast of [...toasts.children]) {
    if (!toast.dataset.said) say(find("p", toast).textContent);
    toast.dataset.said = "true";
    if (slot) slot.replaceChildren(toast);
  }
  if (toasts.matches(":popover-open")) toasts.hidePopover();
  if (toasts.childElementCount) toasts.showPopover();
}
new MutationObserver((records) => { if (records.some((record) => record.addedNodes.length)) showToasts(); })
  .observe(toasts, {childList: true});
showToasts();
on("htmx:before:swap", () => [...toasts.children].filter((toast) => toast.dataset.used).forEach((toast) => toast.remove()));
on("click", (event) => { const link = event.target.closest("[data-toast] a"); if (link) link.closest("[data-toast]").dataset.used = "true"; });

setInterval(() => {
  if (!toasts.childElementCount || toasts.matches(":hover, :focus-within")) return;
  for (const toast of [...toasts.children]) {
    if ([...toast.classList].some((name) => LONG.has(name))) continue;
    toast.age = (toast.age ?? 0) + 500;
    if (toast.age > (find("a", toast) ? 15000 : 5000) + 40 * toast.textContent.length) toast.remove();
  }
  if (!toasts.childElementCount) toasts.hidePopover();
}, 500);

on("click", (event) => event.target.closest("[data-dismiss]")?.closest("[data-toast]").remove());

/** A message made here, for what the server could not say itself. */
function toast(text) {
  const element = document.createElement("div"), words = document.createElement("p"), button = document.createElement("button");
  element.className = "toast bad";
  element.dataset.toast = button.dataset.dismiss = "";
  words.textContent = text;
  button.type = "button";
  button.className = "btn ghost sm";
  button.textContent = "Dismiss";
  element.append(words, button);
  toasts.append(element);
}
on("htmx:response:error", ({detail: {ctx}}) => {
  if (ctx.response.status !== 422 && !ctx.text?.includes("data-toast") && !ctx.hx?.redirect)
    toast(`The server could not do that (error ${ctx.response.status}). What you typed is still here; try again.`);
});
on("htmx:error", ({detail: {ctx}}) => {
  if (ctx && !ctx.response) toast("The server could not be reached. What you typed is still here; try again.");
});

// data-menu: the actions of a row ----------------------------------------------------------------------------------

let trigger = null, wasOpenFor = null;
const entries = () => [...menu.querySelectorAll("[role=menuitem]")];

on("pointerdown", () => { wasOpenFor = menu.matches(":popover-open") ? trigger : null; }, true);
on("click", (event) => {
  const button = event.target.closest("[data-menu]");
  if (!button) { wasOpenFor = null; return; }
  if (button === wasOpenFor) {                     // the second click closes; the press has already done so
    event.preventDefault();
    event.stopImmediatePropagation();
  }
  wasOpenFor = null;
  trigger = button;
}, true);

// Who asks for another menu or another dialog waits for neither any more: it would open for the wrong row. Who asks for the
// same twice waits for the first: the second would empty it under their hands.
let awaited = null;
on("htmx:config:request", (event) => {
  const {ctx} = event.detail;
  ctx.over = modal.firstElementChild;
  if (awaited?.status === "issuing" && awaited.sourceElement === ctx.sourceElement) event.preventDefault();
});
on("htmx:before:request", ({detail: {ctx}}) => {
  if (ctx.request.method !== "GET" || ![menu, modal].includes(ctx.target)) return;
  awaited?.request.abort();
  awaited = ctx;
});
on("keydown", (event) => {
  if (event.key !== "Escape") return;
  early = null;
  if (awaited?.status === "issuing") awaited.request.abort();
});

// The answer to what a dialog sent closes or fills that dialog, not one that was opened meanwhile.
on("htmx:before:swap", ({detail: {ctx, tasks}}) => {
  const main = tasks.findIndex((task) => task.type === "main" && task.target === modal);
  if (main < 0 || ctx.request.method === "GET" || !modal.open || modal.firstElementChild === ctx.over) return;
  tasks.splice(main, 1);
  if (ctx.response.status >= 400) toast("What was sent before this was opened could not be done. Look at it again.");
});

/** The button whose menu it is; a list that was fetched anew meanwhile has another one of that id in its place. */
function anchor() {
  if (trigger && !trigger.isConnected) trigger = trigger.id && document.getElementById(trigger.id);
  return trigger;
}

new MutationObserver(() => {
  if (!entries().length || !anchor()) return;
  menu.setAttribute("aria-label", trigger.getAttribute("aria-label") ?? trigger.textContent);
  menu.showPopover();
  place(menu, trigger, "end");
  trigger.setAttribute("aria-expanded", "true");
  entries()[0].focus();
}).observe(menu, {childList: true});

menu.addEventListener("toggle", (event) => {
  if (event.newState !== "closed") return;
  anchor()?.setAttribute("aria-expanded", "false");
  if (document.activeElement === document.body || menu.contains(document.activeElement)) trigger?.focus();
  menu.replaceChildren();
});
menu.addEventListener("click", (event) => { if (event.target.closest("[role=menuitem]")) menu.hidePopover(); });
menu.addEventListener("keydown", (event) => {
  const all = entries(), at = all.indexOf(document.activeElement), last = all.length - 1;
  const to = {ArrowDown: at < last ? at + 1 : 0, ArrowUp: at > 0 ? at - 1 : last, Home: 0, End: last}[event.key];
  if (to !== undefined) all[to].focus();
  else if (event.key === "Tab") menu.hidePopover();
  else if (event.key === " ") document.activeElement.click();
  else return;
  if (event.key !== "Tab") event.preventDefault();
});
on("keydown", (event) => {
  if (![" ", "ArrowDown"].includes(event.key) || !event.target.matches?.("[data-menu]")) return;
  event.preventDefault();
  event.target.click();
});
addEventListener("resize", () => { if (menu.matches(":popover-open") && !phone.matches) menu.hidePopover(); });
on("scroll", (event) => { if (event.target === document && menu.matches(":popover-open") && anchor()) place(menu, trigger, "end"); }, true);

// data-picker: one record or several out of many, found by typing ---------------------------------------------------

const searches = new WeakMap();      // per picker: the timer and the request under way
const partsOf = (picker) => ({
  input: find("[role=combobox]", picker), list: find("[role=listbox]", picker), value: find("input[type=hidden]", picker),
  many: picker.dataset.picker === "many",
});
const isOpen = (list) => list.matches(":popover-open");
const activeIn = (list) => find("[aria-selected=true]", list);

function closeList(picker) {
  const {input, list} = partsOf(picker), search = searches.get(picker);
  clearTimeout(search?.timer);
  search?.request?.abort();
  searches.delete(picker);
  if (isOpen(list)) list.hidePopover();
  // htmx would copy a style to a new element of this id, which the content policy forbids. Chromium forgets it only once read.
  if (list.getAttribute("style") !== null) list.removeAttribute("style");
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

function activate(input, list, option) {
  activeIn(list)?.removeAttribute("aria-selected");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({block: "nearest"});
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
}

/** Ask the server for what fits, after `delay`; with `andTake` the first answer is taken when it comes, with "same" only what
    has the name that was typed. */
function look(picker, delay = 0, andTake = false) {
  const search = searches.get(picker) ?? {};
  clearTimeout(search.timer);
  search.request?.abort();
  search.request = new AbortController();
  search.timer = setTimeout(() => fetchOptions(picker, search), delay);
  search.done = false;
  search.andTake = andTake;
  search.asked = partsOf(picker).input.value;
  searches.set(picker, search);
}

function optionsUrl(picker, {input, value}) {
  const url = new URL(picker.dataset.url, location.href), fields = input.form ? new FormData(input.form) : new FormData();
  url.searchParams.set("q", value?.value ? "" : input.value.trim());
  const short = new URL(url);
  for (const name of (picker.dataset.with ?? "").split(" ").filter(Boolean))
    for (const text of fields.getAll(name)) url.searchParams.append(name, text);
  if (url.href.length < 3000) return url;
  short.searchParams.set("too_much", 1);
  return short;
}

async function fetchOptions(picker, search) {
  const parts = partsOf(picker), {input, list} = parts, {signal} = search.request;
  try {
    const answer = await fetch(optionsUrl(picker, parts), {
      headers: {"HX-Request": "true", "HX-Request-Type": "partial", Accept: "text/html"}, signal,
    });
    if (answer.headers.get("HX-Redirect")) { location.href = answer.headers.get("HX-Redirect"); return; }
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    while (list.matches(":active")) await new Promise((resume) => setTimeout(resume, 50));   // what is pressed stays
    if (signal.aborted) return;
    list.innerHTML = text;
    htmx.process(list);
  } catch (error) {
    if (error.name === "AbortError") return;
    search.andTake = false;
    toast("The list could not be fetched. Try again.");
    return;
  }
  search.done = true;
  const options = [...list.querySelectorAll("[role=option]")], usable = options.filter((option) => !option.ariaDisabled);
  options.forEach((option, index) => { option.id = `${list.id}-${index}`; });
  const same = usable.find((option) => option.dataset.text?.toLowerCase() === input.value.trim().toLowerCase());
  const take = search.andTake === "same" ? same : search.andTake && usable[0];
  const since = search.andTake === true ? input.value.slice(search.asked.length) : "";
  search.andTake = false;
  if (take) {
    choose(picker, take);
    if (since && (parts.many || ahead.has(picker))) typeInto(input, since);
    return;
  }
  if (since) { look(picker); return; }
  if (document.activeElement !== input) return;
  list.style.minWidth = `${input.closest(".tokens, [data-picker]").offsetWidth}px`;
  if (options.length && !isOpen(list)) list.showPopover();
  place(list, input.closest(".tokens") ?? input, "start");
  input.setAttribute("aria-expanded", "true");
  activate(input, list, usable[0]);
  const found = usable.filter((option) => !("new" in option.dataset)).length;
  say(found ? `${found} found` : options[0]?.textContent ?? "Nothing found");
}

function choose(picker, option) {
  const {input, value, many} = partsOf(picker), {value: id, text, icon} = option.dataset;
  closeList(picker);
  if (option.href) { option.click(); return; }     // data-picker="go": what is found is gone to
  if (many) addToken(picker, input, id, text, icon);
  else {
    input.value = text;
    value.value = id;
    value.dispatchEvent(new Event("change", {bubbles: true}));
  }
  picker.dispatchEvent(new CustomEvent("picker:chosen", {bubbles: true, detail: {...option.dataset}}));
  if (!("submit" in picker.dataset)) return;
  input.form.requestSubmit();
  ahead.set(picker, input.value);
  if (!input.form.matches("[hx-post]")) setTimeout(() => ahead.delete(picker), AHEAD);    // htmx says when it is over
  input.select();
}

function addToken(picker, input, id, text, icon) {
  input.value = "";
  const twin = [...picker.querySelectorAll("[type=checkbox]")].find((box) => box.value === id);
  if (twin?.checked) { say(`${text} is already chosen`); return; }
  const token = find("template", picker).content.firstElementChild.cloneNode(true), use = find("use", token);
  find("span", token).textContent = text;
  find("input", token).value = id;
  if (icon && use) use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${icon}`));
  twin?.closest(".token").remove();
  input.before(token);
  find("input", token).dispatchEvent(new Event("change", {bubbles: true}));
  say(`${text} added`);
}

on("input", (event) => {
  const picker = event.target.matches("[role=combobox]") && event.target.closest("[data-picker]");
  if (!picker) return;
  const {input, value} = partsOf(picker), {andTake, asked} = searches.get(picker) ?? {};
  if (andTake === true && input.value.startsWith(asked)) return;      // meant for what comes after it
  if (value) value.value = "";
  if (!ahead.has(picker)) look(picker, 150);
});
on("click", (event) => {
  const picker = event.target.closest("[data-picker]");
  if (!picker) return;
  const option = event.target.closest("[role=option]"), {input, list} = partsOf(picker);
  if (option?.href) closeList(picker);
  else if (option && !option.ariaDisabled) choose(picker, option);
  else if (event.target === input && !isOpen(list)) { if (partsOf(picker).value?.value) input.select(); look(picker); }
  else if (event.target.matches(".tokens")) input.focus();
});
on("pointerdown", (event) => { if (event.target.closest("[data-picker] [role=listbox]")) event.preventDefault(); });
on("focusout", (event) => {
  const picker = event.target.matches?.("[role=combobox]") && event.target.closest("[data-picker]");
  if (picker && !searches.get(picker)?.andTake) closeList(picker);
});
on("keydown", (event) => {
  const picker = event.target.matches?.("[role=combobox]") && event.target.closest("[data-picker]");
  if (!picker || event.isComposing) return;
  if (ahead.has(picker)) { if (event.key === "Enter") event.preventDefault(); return; }
  const {input, list, value, many} = partsOf(picker), open = isOpen(list), active = open && activeIn(list);
  const options = [...list.querySelectorAll("[role=option]:not([aria-disabled])")], at = options.indexOf(active);
  const pending = searches.get(picker) && !searches.get(picker).done;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (!open) look(picker);
    else if (options.length) activate(input, list, options[(at + step + options.length) % options.length]);
  } else if (event.key === "Enter" && (active || (pending && input.value.trim()))) {
    if (pending) searches.get(picker).andTake !== true && look(picker, 0, true);   // typed faster than the answer came: take its first when it is here
    else choose(picker, active);
  } else if (event.key === "Tab" && active && !active.href && !pending && input.value.trim() && !value?.value) {
    choose(picker, active);
    return;
  } else if (event.key === "Escape" && open) {
    closeList(picker);
  } else if (event.key === "Backspace" && many && !input.value) {
    [...picker.querySelectorAll(".tokens [type=checkbox]")].at(-1)?.click();
  } else return;
  if (event.key !== "Backspace") event.preventDefault();
});
on("items-changed", () => {          // data-again: what was missing may be there now
  for (const picker of document.querySelectorAll('[data-again="items-changed"]'))
    if (partsOf(picker).input.value.trim()) look(picker, 0, "same");
});
on("change", (event) => {
  const token = event.target.closest?.("[data-picker] .tokens .token");
  if (!token || event.target.checked) return;
  const {input} = partsOf(token.closest("[data-picker]"));
  setTimeout(() => { token.remove(); input.focus(); });
  say(`${token.textContent.trim()} taken away`);
});

// data-submit: what is chosen is sent at once. What is typed before the answer is here is meant for the field where typing
// goes on with it, in this page or the next: it goes there, and nothing is looked for meanwhile.
const AHEAD = 5000;                  // a page that is not there by then does not come
const ahead = new Map();             // per picker that was sent, the text that it was sent with
const typedSince = (picker) => {
  const {value} = picker ? partsOf(picker).input : {};
  return ahead.has(picker) && value !== ahead.get(picker) ? value : "";
};
const sent = ({sourceElement}) => sourceElement?.matches?.("form") && find("[data-submit]", sourceElement);
on("htmx:config:request", ({detail: {ctx}}) => { ctx.picker = sent(ctx); });
on("htmx:before:swap", ({detail: {ctx}}) => { ctx.typed = ctx.response.status < 300 && typedSince(ctx.picker); });
on("htmx:after:swap", ({detail: {ctx}}) => {
  const field = document.activeElement;
  if (ctx.typed && field.matches(FIELD) && document.getElementById(ctx.target.id)?.contains(field)) typeInto(field, ctx.typed);
});
on("htmx:finally:request", ({detail: {ctx}}) => { if (!ctx.hx?.redirect) ahead.delete(ctx.picker); });
addEventListener("pagehide", () => {
  const typed = [...ahead.keys()].map(typedSince).join("") || early;
  if (typed) sessionStorage.setItem("typed", JSON.stringify([Date.now(), typed]));
  ahead.clear();
});

/** Whether typing replaces what is in it: nothing, or what is selected or will be. */
const isToBeTyped = (field) =>
  !field.value || "select" in field.dataset || field.selectionEnd - field.selectionStart === field.value.length;

function typeInto(field, text) {
  delete field.dataset.select;
  field.value = text;
  field.dispatchEvent(new Event("input", {bubbles: true}));
}

// data-live: what the server works out while somebody types; data-filters: lists that follow their filters ----------

const edits = new WeakMap();         // per form: how often it was changed, so that an answer to older input is not shown
for (const type of ["input", "change"]) on(type, (event) => {
  const form = event.target.form;
  if (form && !event.target.matches("[role=combobox]")) edits.set(form, (edits.get(form) ?? 0) + 1);
  if (event.target.matches?.("select")) event.target.dataset.touched = "true";
}, true);

on("htmx:config:request", (event) => {
  const {ctx} = event.detail, source = ctx.sourceElement, elsewhere = ctx.sourceEvent?.submitter?.getAttribute("formaction");
  if (elsewhere) ctx.request.action = elsewhere;    // htmx asks the form only
  if (source.matches?.("[data-live]")) ctx.edit = edits.get(source.closest("form"));
  if (!source.matches?.("[data-filters]")) return;
  for (const [name, text] of [...ctx.request.body]) if (text === "") ctx.request.body.delete(name);
  const query = String(new URLSearchParams(ctx.request.body));
  if (query === source.dataset.sent && ctx.sourceEvent?.type === "change") event.preventDefault();
  source.dataset.sent = query;
});

// Where an answer belongs may have been fetched anew since it was asked for, and is not what htmx found then: it goes into
// what has that id now, unless that shows the answer to something newer. The answer to an act always does.
let asked = 0;
const shown = new Map();             // by id, the number of what was asked
const isElsewhere = ({target, sourceElement}) => target?.id && target !== sourceElement;
const isAct = ({request, sourceElement}) => request.method === "POST" && !sourceElement.matches?.("[data-live]");
on("htmx:config:request", ({detail: {ctx}}) => { ctx.number = ++asked; });
on("htmx:after:request", ({detail: {ctx}}) => {
  if (isElsewhere(ctx) && !ctx.target.isConnected && (isAct(ctx) || ctx.number > (shown.get(ctx.target.id) ?? 0)))
    ctx.target = document.getElementById(ctx.target.id) ?? ctx.target;
});
on("htmx:before:swap", ({detail: {ctx}}) => { if (isElsewhere(ctx)) shown.set(ctx.target.id, ctx.number); });

// A part that follows what happens is fetched once for all that one act changed, and again for the next act.
const askedAt = new WeakMap(), isPart = ({target, sourceElement, request}) =>
  target === sourceElement && request.method === "GET" && target?.hasAttribute?.("hx-get");
on("htmx:config:request", (event) => {
  const {ctx} = event.detail, now = performance.now();
  if (!isPart(ctx)) return;
  if (now - (askedAt.get(ctx.target) ?? -Infinity) < 50) event.preventDefault();
  else askedAt.set(ctx.target, now);
});
on("htmx:after:request", ({detail: {ctx}}) => {
  const part = isPart(ctx) && !ctx.target.isConnected && document.getElementById(ctx.target.id);
  if (part) htmx.ajax("GET", part.getAttribute("hx-get"), {source: part});
});

// What is typed or ticked in a part of the page between a question and the answer that replaces the part goes into the
// fields of the new one. What is sent while it is typed (data-live, data-filters) has its own rule.
const stateOf = (field) => field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value;
const statesIn = (root) => [...root?.querySelectorAll?.(FIELD) ?? []]
  .filter((field) => field.id && !field.matches("[role=combobox], [type=file]"));
const actionIn = (root) => root && find("form", root)?.getAttribute("action");
on("htmx:config:request", ({detail: {ctx}}) => {
  if ((ctx.target === modal && ctx.request.method === "GET") || ctx.sourceElement.matches?.("[data-live], [data-filters]")) return;
  ctx.form = actionIn(ctx.target);
  ctx.states = new Map(statesIn(ctx.target).map((field) => [field.id, stateOf(field)]));
});
on("htmx:before:swap", ({detail: {ctx}}) => {
  ctx.since = statesIn(ctx.target).map((field) => [field.id, stateOf(field)])
    .filter(([id, state]) => ctx.states?.has(id) && ctx.states.get(id) !== state);
});
on("htmx:after:swap", ({detail: {ctx}}) => {
  const isSame = ctx.target !== modal || actionIn(modal) === ctx.form;       // fields of another dialog may have those ids
  for (const [id, state] of isSame && ctx.since || []) {
    const field = document.getElementById(id);
    if (!field || stateOf(field) === state) continue;
    if (typeof state === "string") { typeInto(field, state); continue; }
    field.checked = state;
    field.dispatchEvent(new Event("change", {bubbles: true}));
  }
  // What stands beside a form and belongs to it was perhaps about to be sent by the form that is gone.
  const form = ctx.states && ctx.target?.id && find("form[data-live]", document.getElementById(ctx.target.id) ?? menu);
  for (const field of form?.elements ?? []) {
    const was = form.elements[`was-${field.name}`];
    if (form.contains(field) || !was || was.value === field.value) continue;
    field.dispatchEvent(new Event("change", {bubbles: true}));
    break;
  }
});

// A list that a link sorted or paged follows its filters, too: those that it did not show yet when the link was pressed,
// and those that were typed since.
const saying = (form) => String(new URLSearchParams([...new FormData(form)].filter(([name, text]) => name !== "sort" && text)));
const followed = new WeakMap([...document.querySelectorAll("[data-filters]")].map((form) => [form, saying(form)]));
const filtersOf = ({target}) => target?.id && find(`form[data-filters][hx-target="#${CSS.escape(target.id)}"]`);
on("htmx:config:request", ({detail: {ctx}}) => {
  const form = ctx.sourceElement.matches?.("a, [data-filters]") && filtersOf(ctx);
  if (!form) return;
  ctx.filters = form;
  ctx.saying = form === ctx.sourceElement || saying(form) === followed.get(form) ? saying(form) : null;
});
on("htmx:after:swap", ({detail: {ctx: {filters: form, saying: said, sourceElement}}}) => {
  if (sourceElement === form) followed.set(form, said);
  else if (form && saying(form) !== said) form.requestSubmit();
});

let homes = [];                      // the ids around the focus, nearest first, in case the focused element goes
on("htmx:before:swap", (event) => {
  const {ctx} = event.detail, source = ctx.sourceElement;
  if (source?.matches?.("[data-live]") && ctx.edit !== edits.get(source.closest("form"))) { event.preventDefault(); return; }
  ctx.target?.querySelectorAll?.("[data-picker]").forEach(closeList);
  homes = [];
  for (let element = document.activeElement; element && element !== document.body; element = element.parentElement)
    if (element.id) homes.push(element.id);
});
on("htmx:after:swap", (event) => {
  const region = event.detail.ctx?.target, spoken = region?.id && document.getElementById(region.id);
  const words = spoken && find("[data-say]", spoken);
  if (words) say(words.textContent.trim());
  if (document.activeElement !== document.body || !homes.length) return;
  const home = homes.map((id) => document.getElementById(id)).find((element) => element?.checkVisibility());
  if (!home) return;
  if (home.tabIndex < 0) home.tabIndex = -1;
  home.focus({preventScroll: true});
});

// data-select: a figure that was just put there and will most likely be typed over -----------------------------------

function overtype(field) {
  if (!field?.matches?.("[data-select]")) return;
  delete field.dataset.select;
  field.select();
}
on("focusin", (event) => overtype(event.target));
overtype(document.activeElement);

// data-key: the key, "n", or the two keys one after the other, "g h", that press a link (the first that has it) or go to a
// field; they rest
// while somebody types, while a dialog is open, and unless the body has data-keys -----------------------------------------

const TYPED = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable], [role=menu]";
let begun = "", begunAt = 0, cameFrom = null;
let early = null, earlyUntil = null; // typed after the key that opens a dialog or a page, before that is there
on("htmx:finally:request", () => { early = null; });

/** The letter on the key, also where the keyboard writes another script; big letters mean nothing. */
function keyOf({key, code, shiftKey}) {
  if (key.length !== 1) return "";
  if (key > "~" && code.startsWith("Key")) return code.slice(3).toLowerCase();
  return shiftKey ? key : key.toLowerCase();
}

on("keydown", (event) => {
  const {target} = event;
  if (event.key === "Escape" && target.matches?.("input[data-key]") && !event.defaultPrevented && !(target.type === "search" && target.value)) {
    if (cameFrom?.isConnected && cameFrom !== document.body) cameFrom.focus();
    else target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
  if (!("keys" in document.body.dataset) || modal.open || target.closest?.(TYPED)) return;
  if (early !== null) {
    if (event.key.length === 1) early += event.key;
    else if (event.key === "Backspace") early = early.slice(0, -1);
    else return;
    event.preventDefault();
    return;
  }
  const key = keyOf(event), keys = begun && event.timeStamp - begunAt < 1500 ? `${begun} ${key}` : key;
  begun = "";
  const wanted = key && find(`[data-key="${CSS.escape(keys)}"]`);
  if (!wanted) {
    if (key && find(`[data-key^="${CSS.escape(keys)} "]`)) { begun = keys; begunAt = event.timeStamp; }
    return;
  }
  event.preventDefault();
  if (!wanted.matches("input")) {
    early = "";
    clearTimeout(earlyUntil);
    earlyUntil = setTimeout(() => { early = null; }, AHEAD);
    ready.then(() => wanted.click());
    return;
  }
  cameFrom = document.activeElement;
  const details = wanted.closest("details");
  if (details) details.open = true;
  wanted.focus();
  wanted.select();
});

// Ctrl+Enter while somebody types: the main button of the dialog or the page ------------------------------------------------

on("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat || !event.target.matches?.(FIELD)) return;
  const main = find(".btn.primary:is(:not([type]), [type=submit])", modal.open ? modal : find("main"));
  if (!main?.matches("button") || main.disabled) return;
  event.preventDefault();
  main.click();
});

// Small things -------------------------------------------------------------------------------------------------------

const fold = () => document.querySelectorAll("details.fold").forEach((details) => { details.open = !phone.matches; });
fold();
phone.addEventListener("change", fold);

on("click", (event) => {
  if (event.target.closest("[data-print]")) print();
  const back = event.target.closest("[data-back]");
  if (back && document.referrer.startsWith(location.origin) && history.length > 1) { event.preventDefault(); history.back(); }
});
on("click", ({target}) => {          // data-fill="id": a button that puts its value into a field
  const field = document.getElementById(target.closest("[data-fill]")?.dataset.fill);
  if (!field) return;
  field.value = target.closest("[data-fill]").value;
  field.dispatchEvent(new Event("change", {bubbles: true}));
});
// data-check-all="name": tick every box of that name in the same table, and be ticked when they are; and say in data-ticked
// how many are. A list that is fetched anew keeps its ticks, but for those that something was just done with; whoever is
// new in it is ticked as the server says.
let kept = new Map();
const boxesOf = (all) => [...all.closest("table").querySelectorAll(`input[name="${CSS.escape(all.dataset.checkAll)}"]`)].filter((box) => !box.disabled);
const count = () => {
  for (const words of document.querySelectorAll("[data-ticked]")) {
    const ticked = [...words.closest("form").elements].filter((it) => it.matches("td.tick :checked"));
    words.textContent = words.dataset.ticked.replace("%d", ticked.length);
  }
  for (const all of document.querySelectorAll("[data-check-all]")) {
    const boxes = boxesOf(all), ticked = boxes.filter((box) => box.checked);
    all.checked = boxes.length > 0 && ticked.length === boxes.length;
    all.indeterminate = ticked.length > 0 && !all.checked;
  }
};
count();
on("change", ({target}) => {
  if (target.dataset?.checkAll) for (const box of boxesOf(target)) box.checked = target.checked;
  count();
});
on("htmx:before:swap", ({detail: {ctx}}) => {
  if (ctx.request.method === "POST" && ctx.response.status < 300) {
    for (const [, mark] of [...ctx.request.body ?? []].filter(([name]) => name === "membership")) {
      const box = document.getElementById(`tick-${parseInt(mark, 10)}`);
      if (box) box.checked = false;
    }
    count();
  }
  kept = new Map([...ctx.target?.querySelectorAll?.(":scope:has([data-ticked]) td.tick input") ?? []].map((box) => [box.id, box.checked]));
});
on("htmx:after:swap", () => {
  for (const [id, checked] of kept) {
    const box = document.getElementById(id);
    if (box) box.checked = checked;
  }
  kept = new Map();
  count();
});
on("submit", (event) => {            // a plain form is sent once; htmx guards its own
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.dataset.underWay) { event.preventDefault(); return; }
  form.dataset.underWay = "true";
  setTimeout(() => { delete form.dataset.underWay; }, 5000);
});
addEventListener("pageshow", () => document.querySelectorAll("[data-under-way]").forEach((form) => { delete form.dataset.underWay; }));

// data-live: what follows what is typed says what is wrong now; what was wrong before goes with the first change to it.
on("input", ({target}) => {
  if (target.ariaInvalid !== "true" || !target.form || !find("[data-live]", target.form) || target.closest("[data-live]")) return;
  target.removeAttribute("aria-invalid");
  const error = document.getElementById(`${target.id}-error`);
  if (error) error.hidden = true;
});

// data-zone: the time zone of this machine, to begin with
const zone = find("[data-zone]");
if (zone && !zone.value) {
  zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone.selectedIndex < 0) zone.value = "";
}

// A page that came back with errors: after the browser has done its own autofocus, which complains when it is too late.
if (find("main .problems, main [aria-invalid=true]")) requestAnimationFrame(() => focusFirst(find("main")));
})();
