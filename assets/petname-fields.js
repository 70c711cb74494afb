/* Fields of the page: drafts, typing that is never lost, sliders, and what is sent from them. */
(() => {
  'use strict';

  const petname = (window.petname = window.petname || { local: {}, refreshers: [] });
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const byId = (id) => document.getElementById(id);
  let checking = 0;

  /* A control that was touched keeps its state whatever Python draws: only its attributes change,
     and the place it stands in may soon be that of another one. So both are brought together here. */
  const isTick = (control) => control.type === 'checkbox' || control.type === 'radio';
  const stateOf = (control) => (isTick(control) ? String(control.checked) : control.value);
  function drawnState(control) {
    if (isTick(control)) return String(control.defaultChecked);
    if (control.tagName !== 'SELECT') return control.defaultValue;
    const options = Array.from(control.options);
    return (options.find((one) => one.defaultSelected) || options[0] || control).value;
  }
  function setState(control, state) {
    if (stateOf(control) === state) return;
    if (isTick(control)) control.checked = state === 'true';
    else control.value = state;
  }

  /* Where ``data-drawn`` changes, the section is another one, and everything in it is as drawn. */
  const drawn = new WeakMap();
  const restored = new WeakMap();
  const drawnAs = (control) => (control.closest('[data-drawn]') || { dataset: {} }).dataset.drawn;
  function showAsDrawn() {
    for (const section of $$('[data-drawn]')) {
      if (drawn.get(section) === section.dataset.drawn) continue;
      drawn.set(section, section.dataset.drawn);
      for (const control of $$('input, select, textarea', section)) {
        setState(control, drawnState(control));
        restored.delete(control);
      }
    }
  }

  /* Drafts: what is typed or chosen and not yet sent survives a reload. They belong to the pet that
     their section is drawn for, whichever the page is about to open. */
  function draftKey(input) {
    const [pet] = (drawnAs(input) || '').split(' ');
    return `petname.draft.${pet}.${input.dataset.keep}`;
  }
  const keepDraft = (input) => petname.store(draftKey(input), stateOf(input));

  function restoreDrafts() {
    for (const input of $$('[data-keep]')) {
      const key = draftKey(input);
      const offered = input.tagName === 'SELECT' ? Array.from(input.options, (one) => one.value) : null;
      const shown = JSON.stringify([key, drawnState(input), offered]);
      if (restored.get(input) === shown) continue;
      restored.set(input, shown);
      const draft = petname.stored(key);
      const usable = draft !== null && (!offered || offered.includes(draft));
      setState(input, usable ? draft : drawnState(input));
    }
  }

  /* A part that is drawn again while somebody types in it must not take it away. */
  let typing = null;
  function rememberTyping(input) {
    typing = {
      id: input.id, value: input.value, from: input.selectionStart, to: input.selectionEnd, drawn: drawnAs(input),
    };
  }

  /* Nor the selection of somebody who is about to type over all of it. The browser tells of a
     selection only with its next frame, and an answer may come before: keys and the arrival in a
     field are looked at themselves. */
  let selected = null;
  const selects = (input) => input && input.id && input.matches && input.matches('input[data-changes]')
    && input.selectionEnd !== null;
  function rememberSelection() {
    const input = document.activeElement;
    if (!selects(input)) return;
    const whole = input.value && input.selectionStart === 0 && input.selectionEnd === input.value.length;
    selected = whole ? { id: input.id, value: input.value } : null;
  }
  document.addEventListener('selectionchange', rememberSelection);
  document.addEventListener('focusin', rememberSelection);
  document.addEventListener('keydown', (event) => {
    const input = event.target;
    const all = (event.ctrlKey || event.metaKey) && !event.altKey && (event.key || '').toLowerCase() === 'a';
    if (all && selects(input) && input.value) selected = { id: input.id, value: input.value };
  });

  function keepSelection() {
    const input = selected && byId(selected.id);
    const away = document.activeElement !== input && document.activeElement !== document.body;
    if (!input || away || input.value === selected.value) return;
    input.focus({ preventScroll: true });
    input.select();
  }

  function keepTyping() {
    const input = typing && byId(typing.id);
    if (input && drawnAs(input) !== typing.drawn) typing = null; // it is another pet's field now
    if (!input || !typing) { keepSelection(); return; }
    if (input.value !== typing.value) input.value = typing.value;
    if (document.activeElement === document.body) {
      input.focus({ preventScroll: true });
      input.setSelectionRange(typing.from, typing.to);
    }
  }

  function sendChange(input) {
    typing = null;
    clearTimeout(checking);
    petname.send({ do: 'concept.change', field: input.dataset.changes, value: input.value });
  }

  function showRanges() {
    for (const range of $$('.pn-range input')) {
      const output = range.parentElement.querySelector('output');
      const number = Number(range.value).toString();
      const text = document.documentElement.lang === 'fr' ? number.replace('.', ',') : number;
      if (output && output.textContent !== text) output.textContent = text;
      const share = (range.value - range.min) / (range.max - range.min);
      range.style.setProperty('--filled', `${100 * share}%`);
    }
  }

  function showCustomModel() {
    const field = $('.pn-custom-model');
    const chosen = $('input[name="pn-model"]:checked');
    if (field) field.classList.toggle('pn-shown', Boolean(chosen && chosen.value === 'custom'));
  }

  /* What the controls of a tab say. */
  const valueOf = (id, usual = '') => (byId(id) ? byId(id).value : usual);
  const chosenOf = (name, usual = '') => {
    const input = $(`input[name="${name}"]:checked`);
    return input ? input.value : usual;
  };

  const gather = {
    train: () => ({
      model: chosenOf('pn-model'), custom: valueOf('pn-custom-model'), teach: chosenOf('pn-teach'),
      preset: chosenOf('pn-preset'), key: petname.startKey, like: valueOf('pn-like-file'),
      drawn: $('.pn-train-setup') ? $('.pn-train-setup').dataset.drawn : '',
    }),
    compare: () => ({
      prompt: valueOf('pn-prompt'), negative_prompt: valueOf('pn-negative-prompt'),
      seed: valueOf('pn-seed', '0'), num_images: valueOf('pn-num-images', '1'),
      steps: valueOf('pn-steps', '20'), embedding: valueOf('pn-embedding-choice'),
      lora: valueOf('pn-lora-choice'), embedding_strength: valueOf('pn-embedding-strength', '1'),
      lora_strength: valueOf('pn-lora-strength', '1'),
      negative_ids: $$('input[name="pn-negative"]:checked')
        .filter((input) => input.closest('label').style.display !== 'none').map((input) => input.value),
    }),
  };

  gather.publish = () => ({
    repository: valueOf('pn-publish-repository'), visibility: chosenOf('pn-publish-visibility', 'private'),
    photos: Boolean(byId('pn-publish-photos') && byId('pn-publish-photos').checked), token: valueOf('pn-publish-token'),
  });

  /* What the page shows and the library does not know, so that a part drawn again shows it still. */
  function shows() {
    showAsDrawn();
    restoreDrafts();
    const files = $('.pn-files');
    const unfolded = $('[data-do="artifact.usage"][aria-expanded="true"]');
    return JSON.stringify({
      ...gather.train(), shown: files ? files.dataset.shown : '', guide: unfolded ? unfolded.dataset.id : '',
    });
  }
  const seen = (text) => JSON.stringify({ ...JSON.parse(text || '{}'), page: shows() });

  document.addEventListener('change', (event) => {
    const input = event.target;
    if (input.dataset.changes === 'train') {
      showCustomModel();
      petname.send({ do: 'train.choose', ...gather.train() });
    } else if (input.dataset.changes) sendChange(input);
    if (input.dataset.keep) keepDraft(input);
  });

  /* Where a part was drawn again under the fingers, the browser no longer sees a change. */
  document.addEventListener('focusout', (event) => {
    const input = event.target;
    if (!typing || !input.isConnected || input.id !== typing.id) return;
    setTimeout(() => { if (typing && typing.id === input.id) sendChange(input); }, 0);
  });

  document.addEventListener('input', (event) => {
    const input = event.target;
    if (input.dataset.keep) keepDraft(input);
    if (input.dataset.changes && input.dataset.changes !== 'train' && input.id) rememberTyping(input);
    if (input.closest('.pn-range')) showRanges();
    if (input.dataset.checks === 'word') {
      clearTimeout(checking);
      checking = setTimeout(() => petname.send({ do: 'word.check', value: input.value }), 350);
    }
  });

  document.addEventListener('keydown', (event) => {
    const input = event.target;
    if (event.key === 'Enter' && input.matches && input.matches('input[data-changes]')) input.blur();
  });

  Object.assign(petname, { gather, shows, seen, keepDraft, keepTyping });
  petname.refreshers.push(showAsDrawn, restoreDrafts, showRanges, showCustomModel);
})();
