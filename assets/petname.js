/* Petname in the browser: who you are, what you press, which tab is open.
   Python draws the page; this script sends commands. The files petname-*.js beside it look after
   fields, dialogs, uploads and signs; they meet in ``window.petname``, in whatever order they load. */
(() => {
  'use strict';

  const petname = (window.petname = window.petname || { local: {}, refreshers: [] });
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* closed */ } };
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)),
    (byte) => byte.toString(16).padStart(2, '0')).join('');

  let words = {};
  const say = (key, blanks = {}) => (words[key] || key)
    .replace(/\{(\w+)\}/g, (whole, name) => (name in blanks ? blanks[name] : whole));

  /* ---- Elements, made without any HTML text ---- */
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value === true) element.setAttribute(key, '');
      else if (value !== false && value != null) element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child != null));
    return element;
  }

  /* ---- Commands: one at a time, in order ---- */
  const waiting = [];
  let busySince = 0;

  function send(command) {
    waiting.push(command);
    document.documentElement.classList.add('pn-busy');
    pump();
  }

  function pump() {
    const stuck = busySince && performance.now() - busySince > 20000;
    if (!waiting.length || (busySince && !stuck)) return;
    const bus = byId('pn-bus');
    if (!bus) { setTimeout(pump, 100); return; }
    busySince = performance.now();
    bus.click();
  }

  function goOn() {
    busySince = 0;
    document.documentElement.classList.toggle('pn-busy', waiting.length > 0);
    if (!waiting.length) for (const button of $$('[data-do][aria-busy]')) button.removeAttribute('aria-busy');
    pump();
  }

  /* Called by the events of the page: what to send, and that an answer has been drawn. */
  function take() {
    const command = waiting.shift() || { do: 'tab.open', tab: '' };
    return JSON.stringify({ ...command, page: petname.shows ? petname.shows() : '' });
  }
  function done(conceptNow) {
    const isAnotherPet = petname.concept !== (conceptNow || '');
    petname.concept = conceptNow || '';
    store('petname.concept', petname.concept);
    document.documentElement.classList.add('pn-ready');
    requestAnimationFrame(() => {
      if (isAnotherPet) placeRuns();
      refresh();
    });
    goOn();
  }
  setInterval(pump, 2000);

  let soon = 0;
  function refreshSoon() {
    if (soon) return;
    soon = requestAnimationFrame(() => { soon = 0; refresh(); });
  }

  function refresh() {
    for (const refresher of petname.refreshers) refresher();
  }

  /* ---- Start: language, theme, tab ---- */
  /* Whoever has once pressed the other language gets it again, whatever the browser prefers. */
  function goToChosenLanguage(header) {
    const wanted = stored('petname.language');
    const link = $('a[hreflang]', header);
    if (!link || wanted !== link.hreflang) return false;
    const justMoved = Date.now() - Number(stored('petname.moved')) < 10000;
    if (justMoved) return false; // the server sends back: better the wrong language than a circle
    store('petname.moved', String(Date.now()));
    location.replace(link.getAttribute('href') + location.hash);
    return true;
  }

  function start() {
    const header = $('.pn-header');
    if (!header || !byId('pn-panel-manage')) { setTimeout(start, 50); return; }
    words = JSON.parse(header.dataset.words || '{}');
    if (goToChosenLanguage(header)) return;
    document.documentElement.lang = header.dataset.language;
    const theme = stored('petname.theme');
    if (theme) document.body.classList.toggle('dark', theme === 'dark');
    const asked = location.hash.slice(1);
    showTab(byId(`pn-tab-${asked}`) ? asked : stored('petname.tab') || 'upload', false);
    refresh();
    new MutationObserver(() => { if (petname.keepTyping) petname.keepTyping(); refreshSoon(); })
      .observe($('.gradio-container') || document.body,
        { childList: true, subtree: true, attributes: true, attributeFilter: ['value', 'data-drawn'] });
    // The page may have been drawn before this file arrived.
    if (window.petnameConcept !== undefined) done(window.petnameConcept);
  }

  /* ---- Tabs ---- */
  function showTab(name, tell = true) {
    if (!byId(`pn-tab-${name}`)) name = 'upload';
    for (const tab of $$('.pn-tab')) {
      const chosen = tab.dataset.tab === name;
      tab.setAttribute('aria-selected', String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const panel = byId(`pn-panel-${tab.dataset.tab}`);
      panel.classList.toggle('pn-open', chosen);
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', tab.id);
    }
    document.documentElement.dataset.openTab = name;
    store('petname.tab', name);
    awaited = null;
    placeRuns();
    if (tell) {
      history.replaceState(null, '', `#${name}`);
      send({ do: 'tab.open', tab: name });
      window.scrollTo({ top: 0 });
    }
  }

  /* Whoever comes to a training that waits or runs sees it before the form for the next one. Looked
     at on coming only: nothing moves under the hand of somebody who has just pressed Start. */
  function placeRuns() {
    const isUnderWay = $('#pn-train-runs :is([data-status="queued"], [data-status="running"])');
    byId('pn-panel-train').classList.toggle('pn-runs-first', Boolean(isUnderWay));
  }

  function moveInTabs(event) {
    const tabs = $$('.pn-tab');
    const at = tabs.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -at, End: tabs.length - 1 - at }[event.key];
    if (at < 0 || step === undefined) return;
    event.preventDefault();
    const next = tabs[(at + step + tabs.length) % tabs.length];
    next.focus();
    showTab(next.dataset.tab);
  }

  /* ---- Buttons ---- */
  function fieldsOf(button) {
    const command = { do: button.dataset.do };
    if (button.dataset.id) command.id = button.dataset.id;
    if (button.dataset.word) command.word = button.dataset.word;
    if (button.hasAttribute('aria-expanded')) command.expanded = button.getAttribute('aria-expanded');
    if (button.hasAttribute('aria-checked')) command.checked = button.getAttribute('aria-checked');
    if (button.dataset.gather) Object.assign(command, petname.gather[button.dataset.gather]());
    return command;
  }

  /* Start and Draw are answered with something new elsewhere in the tab, or with a field to mend.
     Whoever does anything else meanwhile is left where they are. */
  const ANSWERED_WITH = { 'train.start': 'run', 'compare.draw': 'drawing' };
  let awaited = null;
  const shownOf = (kind) => $$(`[data-${kind}]`);
  const refusal = () => $('#pn-toast .pn-toast-error');
  const numberOf = (toast) => (toast ? toast.dataset.number : '');

  function awaitAnswer(command) {
    const kind = ANSWERED_WITH[command.do];
    const before = new Set(kind ? shownOf(kind).map((one) => one.dataset[kind]) : []);
    awaited = kind ? { kind, before, toast: numberOf(refusal()) } : null;
  }
  for (const sign of ['wheel', 'touchmove', 'input']) {
    document.addEventListener(sign, () => { awaited = null; }, { passive: true });
  }

  function goToAnswer() {
    if (!awaited) return;
    const { kind, before, toast } = awaited;
    const isRefused = refusal() && numberOf(refusal()) !== toast;
    const answer = isRefused ? byId(refusal().dataset.field) : shownOf(kind).find((one) => !before.has(one.dataset[kind]));
    if (!isRefused && !answer) return;
    awaited = null;
    if (!isRefused) glideTo(answer);
    else if (answer && answer.offsetParent) answer.focus();
  }

  function glideTo(element) {
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    element.scrollIntoView({ behavior: isCalm ? 'auto' : 'smooth', block: 'start' });
  }

  function act(button) {
    const command = fieldsOf(button);
    const go = () => {
      button.setAttribute('aria-busy', 'true');
      awaitAnswer(command);
      send(command);
      // Whoever stops one may start another at once: that is no second press of the same Start.
      if (command.do === 'run.stop') petname.startKey = newKey();
      if (command.do === 'train.start') setTimeout(() => { petname.startKey = newKey(); }, 4000);
      if (command.do === 'artifact.recreate') {
        showTab('train', false);
        byId('pn-panel-train').classList.remove('pn-runs-first'); // it is the form that is filled in
        window.scrollTo({ top: 0 });
      }
      if (['concept.open', 'concept.new'].includes(command.do) && document.documentElement.dataset.openTab === 'manage') {
        showTab('upload');
      }
    };
    if (button.dataset.confirm) petname.confirmThen(button.dataset.confirm, button.dataset.confirmButton, go);
    else go();
  }

  petname.local.theme = () => {
    const dark = document.body.classList.toggle('dark');
    store('petname.theme', dark ? 'dark' : 'light');
  };

  /* The second press of a double one is not meant for what has moved under the finger meanwhile. */
  const AGAIN_MILLISECONDS = 400;
  const AGAIN_PIXELS = 30;
  let pressed = { timeStamp: -Infinity };
  function isPressedAgain(event) {
    const before = pressed;
    const { timeStamp, clientX, clientY, detail, target } = event;
    pressed = { timeStamp, clientX, clientY, target };
    if (detail > 1) return true;
    if (timeStamp - before.timeStamp > AGAIN_MILLISECONDS) return false;
    const isNear = Math.hypot(clientX - before.clientX, clientY - before.clientY) < AGAIN_PIXELS;
    return detail ? isNear : target === before.target; // keys press without a place
  }

  document.addEventListener('click', (event) => {
    if (event.target.id === 'pn-bus') return; // pressed by this script, not by a person
    const language = event.target.closest('.pn-header a[hreflang]');
    if (language) store('petname.language', language.hreflang);
    const isAgain = isPressedAgain(event);
    const target = event.target.closest('[data-do], [data-local], [data-go], .pn-tab');
    if (!target || target.tagName === 'SELECT') return;
    if (target.dataset.do) {
      event.preventDefault();
      if (!isAgain) act(target);
    }
    else if (target.dataset.go) showTab(target.dataset.go);
    else if (target.dataset.tab) showTab(target.dataset.tab);
    else if (petname.local[target.dataset.local]) petname.local[target.dataset.local](target);
  });

  document.addEventListener('keydown', (event) => {
    const on = event.target;
    // A key that is held presses over and over.
    if (event.repeat && event.key === 'Enter' && on.closest && on.closest('[data-do]')) event.preventDefault();
    if (on.classList && on.classList.contains('pn-tab')) moveInTabs(event);
    if (on.dataset && on.dataset.local === 'enlarge' && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      petname.local.enlarge(on);
    }
  });

  Object.assign(petname, {
    say, make, send, goOn, take, done, store, stored, concept: '', startKey: newKey(),
    isBusy: () => busySince > 0 || waiting.length > 0,
  });
  petname.refreshers.push(goToAnswer);
  start();
})();
